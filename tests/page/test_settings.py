"""Settings as a form and as JSON, versions that are compared, and a camera that is measured by an edge."""

import json

import numpy as np
import pytest

from browsing import DONE
from pinsharp.blur.profile_json import read_profile
from pinsharp.images.files import write_image
from slanted_edges import edge, gaussian


@pytest.fixture
def seen(page, crop):
    """The page with a result."""
    shown = page()
    shown.open(crop("houses.png"))
    return shown


def again(shown, number):
    shown.tab.click("#restore")
    shown.tab.wait_for_selector(f"#side-right-{number}")


def test_the_form_and_its_json_say_the_same(seen):
    tab = seen.tab
    for details in ("#more", "#as-json"):
        tab.click(f"{details} summary")
    tab.select_option("#recipe-kernel", "disk")
    tab.fill("#recipe-kernel ~ input", "3.5")
    tab.select_option("#recipe-channels", "luma")
    tab.select_option("#recipe-demosaic", "planes")
    tab.fill("#recipe-white_level", "250")
    written = json.loads(tab.input_value("#json"))

    tab.fill("#json", json.dumps({"iterations": 2, "light": "srgb", "force": True}))

    assert written == {"kernel": "disk:3.5", "channels": "luma", "demosaic": "planes", "white_level": 250}
    assert tab.input_value("#recipe-iterations") == "2"
    assert tab.input_value("#recipe-light") == "srgb"
    assert tab.is_checked("#recipe-force")
    assert tab.input_value("#recipe-kernel") == "auto"
    tab.fill("#json", '{"iterations": 2')
    assert tab.text_content("#json-error").startswith("Expected JSON")
    assert tab.input_value("#recipe-iterations") == "2"


def test_a_setting_reaches_the_service_and_both_versions_are_compared(seen):
    seen.tab.select_option("#recipe-kernel", "gaussian")
    seen.tab.fill("#recipe-kernel ~ input", "1.2")
    assert seen.text("#restore") == "Restore with these settings"

    again(seen, 2)
    seen.tab.check("#side-left-1")
    seen.tab.click('[data-mode="side"]')

    assert seen.text("#tag-left") == "1: Default settings"
    assert seen.text("#tag-right").startswith("2: Blur Gaussian 1.2 px")
    assert "Blur" in seen.text("#differs")
    assert seen.text("#width").startswith("1.20")
    first, second = seen.value("return (await module('app')).session.current.runs.map((run) => run.report.sigma)")
    assert first != pytest.approx(1.2, rel=0.05)
    assert second == pytest.approx(1.2, rel=1e-3)


def test_what_the_service_refuses_is_said_in_its_words_and_nothing_is_lost(seen):
    seen.tab.click("#as-json summary")
    seen.tab.fill("#json", '{"iteration": 2}')
    seen.tab.click("#restore")

    seen.tab.wait_for_selector("#error:not([hidden])")
    assert "did you mean 'iterations'?" in seen.text("#error-text")
    assert seen.tab.get_attribute("#error-text", "lang") == "en"
    assert seen.tab.is_visible("#canvas")
    assert seen.tab.locator("#runs-body tr").count() == 2


def test_a_camera_is_measured_by_an_edge_in_a_box_and_used(page, tmp_path):
    soft = np.rint(edge(gaussian, 1.0, 5, shape=(160, 120)) * 255).astype(np.uint8)
    write_image(tmp_path / "edge.png", np.concatenate([soft, np.full_like(soft, soft[0, -1])], axis=1))
    shown = page()
    shown.open(tmp_path / "edge.png")
    start, end = shown.value(
        "const { viewer } = await module('app'); const box = viewer.view.getBoundingClientRect();"
        "const places = [[5, 5], [115, 155]].map(([x, y]) => viewer.toWindow(x, y)[0]);"
        "return places.map(({ x, y }) => [box.x + x, box.y + y])"
    )
    shown.tab.click('[data-tool="edge"]')
    shown.tab.mouse.move(*start)
    shown.tab.mouse.down()
    shown.tab.mouse.move(*end)
    shown.tab.mouse.up()
    shown.tab.click("#card-body button")
    shown.tab.wait_for_selector("#card-body .row button >> nth=1")
    with shown.tab.expect_download() as coming:
        shown.tab.click("#card-body .row button >> nth=1")

    profile = read_profile(coming.value.path())
    assert profile.own_softness.sigma == pytest.approx(1.0, rel=0.05)
    assert f"{profile.own_softness.sigma:.2f} px" in shown.text("#card-body")
    shown.tab.click("#card-body .row button >> nth=0")
    again(shown, 2)
    report = shown.value("return (await module('app')).session.current.runs[1].report")
    assert report["own_softness"] == pytest.approx(profile.own_softness.sigma, rel=1e-3)


def test_a_file_that_is_no_profile_is_refused_in_place(seen, tmp_path):
    (tmp_path / "notes.json").write_text("{}")

    seen.choose(tmp_path / "notes.json", lambda: seen.tab.select_option("#recipe-profile", "load:"))

    seen.tab.wait_for_selector("#error:not([hidden])")
    assert seen.text("#error-text").startswith("notes.json is no camera profile")
    assert seen.tab.locator(DONE).count() == 1


def test_what_was_left_alone_is_restored_when_it_is_forced(page, tmp_path):
    rng = np.random.default_rng(0)
    write_image(tmp_path / "sharp.png", rng.integers(0, 256, (120, 160), np.uint8))
    shown = page()
    shown.open(tmp_path / "sharp.png")
    assert shown.tab.is_visible("#force")

    shown.tab.click("#force")
    shown.tab.wait_for_selector("#side-right-2")

    assert shown.value("return (await module('app')).session.current.runs.map((run) => run.report.restored)") == [
        False,
        True,
    ]
