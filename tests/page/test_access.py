"""For everybody: axe in every state, keys alone, two languages, dark and light, and narrow windows."""

import pytest

from browsing import DONE

axe = pytest.importorskip("axe_playwright_python.sync_playwright")


def states(shown, crop, tmp_path):
    """Lead the page through its states, and stop in each."""
    tab = shown.tab
    yield "empty"
    if tab.is_visible("#help"):
        tab.click("#help")
        yield "keys"
        tab.click("#keys-close")
    shown.open(crop("one.png"), crop("two.png", "chart.png"))
    yield "result"
    for details in ("#more", "#as-json"):
        tab.click(f"{details} summary")
    tab.select_option("#recipe-kernel", "disk")
    yield "settings"
    tab.click("#restore")
    tab.wait_for_selector("#side-right-2")
    tab.check("#side-left-1")
    tab.click('[data-mode="side"]')
    yield "comparison"
    for tool in ("line", "edge"):
        tab.click(f'[data-tool="{tool}"]')
        yield tool
    tab.click("#card-close")
    for overlay in ("evidence", "field", "particles"):
        tab.click(f'[data-overlay="{overlay}"]')
        yield overlay
    tab.fill("#json", "{")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    shown.open(tmp_path / "broken.png", until="#error:not([hidden])")
    yield "error"


@pytest.mark.parametrize(
    "dark, language, size",
    [
        (False, "en-US", (1280, 800)),
        (True, "zh-CN", (390, 844)),
    ],
)
def test_axe_finds_nothing_in_any_state(page, crop, tmp_path, dark, language, size):
    shown = page(dark=dark, language=language, size=size)
    for state in states(shown, crop, tmp_path):
        found = axe.Axe().run(shown.tab)
        assert found.violations_count == 0, f"{state}: {found.generate_report()}"


def test_keys_alone_lead_from_choosing_to_comparing(page, crop):
    shown = page()
    tab = shown.tab
    reached = []
    for _ in range(8):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.id"))
        if reached[-1] == "choose":
            break
    assert reached == ["language", "theme", "help", "choose"]
    shown.choose(crop("keys.png"), lambda: tab.keyboard.press("Enter"))
    tab.wait_for_selector(DONE)
    tab.focus("#view")
    tab.keyboard.press("4")
    tab.keyboard.press("Tab")
    on_divider = tab.evaluate("document.activeElement.id")
    tab.keyboard.press("ArrowLeft")
    moved = tab.get_attribute("#divider", "aria-valuenow")
    tab.focus('[data-tool="line"]')
    tab.keyboard.press("Enter")
    tab.focus(".handle >> nth=0")
    before = tab.get_attribute(".marks line", "x1")
    tab.keyboard.press("ArrowLeft")

    assert on_divider == "divider"
    assert moved == "49"
    assert tab.get_attribute(".marks line", "x1") != before


def test_focus_is_seen(page):
    shown = page()
    for _ in range(4):
        shown.tab.keyboard.press("Tab")

        style = shown.tab.evaluate("Object.fromEntries(Object.entries(getComputedStyle(document.activeElement)))")
        style = [style["outlineStyle"], style["outlineWidth"]]
        assert style == ["solid", "2px"]


def test_a_result_is_announced(page, crop):
    shown = page()

    shown.open(crop("heard.png"))

    assert shown.tab.get_attribute("#live", "role") == "status"
    assert "Restored. Width" in shown.tab.text_content("#live")


def test_the_language_is_the_browsers_until_it_is_switched_and_then_remembered(page, crop):
    shown = page(language="zh-CN")
    assert shown.text("#drop h2") == "拖入图像或文件夹"
    shown.open(crop("words.png"))
    assert shown.text("#reason").endswith("。")
    shown.tab.click("#language")
    shown.tab.wait_for_selector("html[lang=en]")
    assert shown.text("#verdict") == "Restored"

    shown.tab.reload()

    shown.tab.wait_for_selector("#recipe-model option", state="attached")
    assert shown.text("#drop h2") == "Drop an image or a folder"


@pytest.mark.parametrize("dark", [False, True])
def test_colours_follow_the_preference_until_they_are_switched_and_then_remembered(page, dark):
    shown = page(dark=dark)

    def ground():
        return sum(
            map(
                int,
                shown.tab.evaluate("getComputedStyle(document.documentElement).backgroundColor")
                .strip("rgb()")
                .split(","),
            )
        )

    assert (ground() < 384) == dark
    shown.tab.click("#theme")
    assert (ground() < 384) != dark
    shown.tab.reload()
    assert (ground() < 384) != dark


@pytest.mark.parametrize("size", [(1440, 900), (1024, 768), (390, 844), (320, 640)])
def test_nothing_is_cut_off_at_the_side(page, crop, size):
    shown = page(size=size)
    shown.open(crop("narrow.png"))

    assert shown.tab.evaluate("document.documentElement.scrollWidth") == size[0]
    assert (
        shown.tab.locator("#download").bounding_box()["x"] + shown.tab.locator("#download").bounding_box()["width"]
        <= size[0]
    )


def test_motion_is_spared_who_wants_none(page, crop):
    shown = page()
    shown.open(crop("calm.png"))

    assert shown.tab.get_attribute("#divider", "aria-valuenow") == "50"
    assert shown.tab.evaluate("document.getAnimations().length") == 0
