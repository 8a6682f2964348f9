"""Looking: scale and place of both images in step, the divider, and what is drawn and measured on the image."""

import cv2
import numpy as np
import pytest

VIEW = "const { viewer } = await module('app');"


@pytest.fixture
def seen(page, crop):
    """The page with a result."""
    shown = page()
    shown.open(crop("houses.png"))
    return shown


def state(shown):
    return shown.value(f"{VIEW} return {{ zoom: viewer.zoom, ...viewer.place, split: viewer.split }}")


def drawn(shown, x, y):
    """A pixel of the canvas, by its place in the window."""
    return shown.value(
        f"return [...document.querySelector('#canvas').getContext('2d').getImageData({x}, {y}, 1, 1).data]"
    )


@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_buttons_and_keys_set_the_same_scale(seen, scale):
    seen.tab.click(f'[data-zoom="{scale}"]')
    by_button = state(seen)
    seen.tab.click('[data-zoom="fit"]')
    seen.tab.focus("#view")

    seen.tab.keyboard.press(str(scale))

    assert state(seen)["zoom"] == by_button["zoom"] == scale
    assert seen.tab.get_attribute(f'[data-zoom="{scale}"]', "aria-pressed") == "true"
    assert seen.tab.get_attribute('[data-zoom="fit"]', "aria-pressed") == "false"


def test_the_wheel_keeps_what_is_under_the_pointer(seen):
    box = seen.tab.locator("#view").bounding_box()
    seen.tab.click('[data-zoom="2"]')
    x, y = 300, 200
    seen.tab.mouse.move(box["x"] + x, box["y"] + y)
    before = seen.value(f"{VIEW} return viewer.toImage({x}, {y})")

    seen.tab.mouse.wheel(0, -120)
    seen.tab.wait_for_selector('[data-zoom="2"][aria-pressed="false"]')

    after = seen.value(f"{VIEW} return viewer.toImage({x}, {y})")
    assert state(seen)["zoom"] > 2
    assert (after["x"], after["y"]) == pytest.approx((before["x"], before["y"]), abs=1e-6)


def test_dragging_pans_and_the_scale_ends_at_eight(seen):
    box = seen.tab.locator("#view").bounding_box()
    seen.tab.click('[data-zoom="8"]')
    before = state(seen)
    seen.tab.mouse.move(box["x"] + 200, box["y"] + 200)
    seen.tab.mouse.down()
    seen.tab.mouse.move(box["x"] + 216, box["y"] + 192)
    seen.tab.mouse.up()
    seen.tab.focus("#view")
    seen.tab.keyboard.press("+")

    after = state(seen)

    assert (after["x"] - before["x"], after["y"] - before["y"]) == (-2, 1)
    assert after["zoom"] == 8


def test_two_fingers_zoom_about_their_middle(seen):
    middle = seen.value(
        f"""{VIEW} viewer.setZoom(2); const box = viewer.view.getBoundingClientRect();
        const send = (name, id, x) => viewer.view.dispatchEvent(new PointerEvent(name, {{
          pointerId: id, clientX: box.x + x, clientY: box.y + 200, bubbles: true, button: 0 }}));
        viewer.view.setPointerCapture = () => {{}};
        const before = viewer.toImage(300, 200);
        send('pointerdown', 1, 250); send('pointerdown', 2, 350);
        send('pointermove', 1, 200); send('pointermove', 2, 400);
        const after = viewer.toImage(300, 200);
        send('pointerup', 1, 200); send('pointerup', 2, 400);
        return [after.x - before.x, after.y - before.y, viewer.zoom]"""
    )

    assert middle == pytest.approx([0, 0, 4], abs=1e-6)


def test_side_by_side_shows_one_place_twice(seen):
    seen.tab.click('[data-mode="side"]')
    seen.tab.click('[data-zoom="4"]')

    left, right = seen.value(f"{VIEW} return viewer.toWindow(100, 80).map(({{ x, y, pane }}) => [x - pane.left, y])")

    assert left == right
    assert seen.tab.is_hidden("#divider")
    assert "Original on the left" in seen.tab.get_attribute("#canvas", "aria-label")


def test_the_divider_parts_both_images(seen):
    seen.tab.click('[data-zoom="4"]')
    spot = (seen.tab.locator("#view").bounding_box()["width"] // 2 - 40, 200)
    left, right = [], []
    for key, colours in (("End", left), ("Home", right)):
        seen.tab.focus("#divider")
        seen.tab.keyboard.press(key)
        seen.tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        colours.append(drawn(seen, *map(int, spot)))

    expected = [
        seen.value(
            f"{VIEW} const {{ x, y }} = viewer.toImage({int(spot[0])} + 0.5, {spot[1]} + 0.5);"
            "const pen = new OffscreenCanvas(1, 1).getContext('2d');"
            f"pen.drawImage(viewer.{side}, -Math.floor(x), -Math.floor(y));"
            "return [...pen.getImageData(0, 0, 1, 1).data]"
        )
        for side in ("left", "right")
    ]
    assert [left[0], right[0]] == expected
    assert left != right
    assert seen.tab.get_attribute("#divider", "aria-valuenow") == "0"


def test_the_original_is_seen_alone_while_its_key_is_held(seen):
    seen.tab.focus("#view")
    seen.tab.keyboard.down("b")
    held = seen.value(f"{VIEW} return viewer.isHeld")
    seen.tab.keyboard.up("b")

    assert held
    assert not seen.value(f"{VIEW} return viewer.isHeld")


@pytest.mark.parametrize("overlay", ["evidence", "field"])
def test_an_overlay_changes_the_picture_and_goes_again(seen, overlay):
    def picture():
        seen.tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return seen.value("return document.querySelector('#canvas').toDataURL()")

    before = picture()
    seen.tab.click(f'[data-overlay="{overlay}"]')
    on = picture()
    seen.tab.click(f'[data-overlay="{overlay}"]')

    assert on != before
    assert picture() == before


def test_a_line_shows_the_brightness_under_it_in_both_images(page, tmp_path):
    """Against scipy's own interpolation."""
    from scipy.ndimage import map_coordinates

    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.integers(0, 256, (90, 120), np.uint8), (0, 0), 2)
    cv2.imwrite(str(tmp_path / "noise.png"), image)
    shown = page()
    shown.open(tmp_path / "noise.png", until="#tools:not([hidden])")

    values = shown.value(
        "const { alongLine } = await module('images'); const { viewer } = await module('app');"
        "return alongLine(viewer.left, { x: 10.2, y: 70.9 }, { x: 95.7, y: 12.3 })"
    )

    t = np.linspace(0, 1, len(values))
    places = [70.9 + t * (12.3 - 70.9) - 0.5, 10.2 + t * (95.7 - 10.2) - 0.5]
    np.testing.assert_allclose(values, map_coordinates(image.astype(float), places, order=1), atol=0.51)


def test_a_line_that_is_dragged_is_drawn_and_measured(seen):
    box = seen.tab.locator("#view").bounding_box()
    seen.tab.click('[data-tool="line"]')
    seen.tab.mouse.move(box["x"] + 150, box["y"] + 300)
    seen.tab.mouse.down()
    seen.tab.mouse.move(box["x"] + 350, box["y"] + 320)
    seen.tab.mouse.up()

    assert seen.tab.locator("#card .plot path").count() == 2
    assert "pixels" in seen.tab.get_attribute("#card .plot", "aria-label")
    seen.tab.keyboard.press("Escape")
    assert seen.tab.is_hidden("#card")
    assert seen.tab.locator(".handle").count() == 0


def test_particles_are_counted_on_both_sides(page, tmp_path):
    from pinsharp.detect.panel import PanelSettings
    from pinsharp.detect.particles import inspect
    from pinsharp.detect.simulate import simulate_panel
    from pinsharp.images.files import write_image

    values = np.rint(simulate_panel(PanelSettings(), 0).scene[:200] * 255).astype(np.uint8)
    write_image(tmp_path / "panel.png", values)
    shown = page()
    shown.open(tmp_path / "panel.png")

    shown.tab.click('[data-overlay="particles"]')

    shown.tab.wait_for_selector("#card table")
    cells = shown.tab.locator("#card tbody tr:first-child td").all_inner_texts()
    found = inspect(values)
    assert cells[0] == str(len(found.particles))
    assert shown.tab.locator("#card tbody tr:nth-child(2) td").first.inner_text() == str(len(found.pins))
