"""From an image to its result: what is shown, and what is downloaded."""

import json
import urllib.request

import cv2
import numpy as np
import pytest

from browsing import DONE, HOUSES


def report_of(address, path):
    """What the service itself says of an image."""
    asked = urllib.request.Request(f"{address}/v1/restore", path.read_bytes(), {"Accept": "application/json"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.load(answer)


def test_an_image_comes_back_with_width_interval_verdict_and_reason(page, crop, address):
    path = crop("houses.png")
    report, shown = report_of(address, path), page()

    shown.open(path)

    low, high = report["interval"]
    assert shown.text("#width").split("px")[0].strip() == f"{report['sigma']:.2f}"
    assert f"{low:.2f} to {high:.2f}" in shown.text("#interval")
    assert shown.text("#verdict") == "Restored"
    assert shown.text("#reason").lower().startswith(report["verdict_reason"])
    assert shown.text("#live").startswith("houses.png: Restored. Width")
    assert shown.tab.title() == "houses.png, pinsharp"


@pytest.mark.parametrize("name, deep", [("plain.png", False), ("deep.png", True), ("stripe.tif", True)])
def test_a_download_has_the_bits_of_the_service(page, crop, address, name, deep):
    path, shown = crop(name, deep=deep), page()
    shown.open(path)

    with shown.tab.expect_download() as coming:
        shown.tab.click("#download")

    expected = urllib.request.urlopen(f"{address}/v1/restore", path.read_bytes(), timeout=60).read()
    assert coming.value.path().read_bytes() == expected
    stem, suffix = name.split(".")
    assert coming.value.suggested_filename == f"{stem}-restored.{suffix}"
    assert shown.text("#download") == f"Download, {16 if deep else 8} bit"


def pixels(shown, side, x, y):
    """A pixel of an image that is shown."""
    return shown.value(
        f"const {{ viewer }} = await module('app'); const canvas = new OffscreenCanvas(1, 1);"
        f"const pen = canvas.getContext('2d'); pen.drawImage(viewer.{side}, {-x}, {-y});"
        "return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3)"
    )


def test_twelve_bits_in_sixteen_are_seen_as_bright_as_eight(page, crop):
    shown = page()
    shown.open(crop("dark.tif"))

    eight = cv2.imread(str(HOUSES))[180 + 40, 300 + 50, ::-1]

    np.testing.assert_allclose(pixels(shown, "left", 50, 40), eight, atol=1)


def test_kernel_and_transfer_function_are_drawn(page, crop):
    shown = page()
    shown.open(crop("houses.png"))

    assert "kernel" in shown.tab.get_attribute("#kernel", "aria-label")
    kernel = shown.value("const { session } = await module('app'); return session.current.runs[0].report.blur.kernel")
    assert shown.value("return [document.querySelector('#kernel').width]") == [len(kernel)]
    assert shown.tab.get_attribute("#mtf svg path.after", "d").count("L") > 50


def test_what_cannot_be_restored_stays_and_says_why(page, tmp_path):
    flat, shown = tmp_path / "flat.png", page()
    cv2.imwrite(str(flat), np.full((120, 160), 128, np.uint8))

    shown.open(flat)

    assert shown.text("#verdict") == "Too little structure"
    assert shown.text("#reason").endswith("The image stays as it is.")
    assert shown.text("#tag-right") == "Left as it is"
    assert shown.tab.is_visible("#force")


def test_several_images_wait_until_they_are_opened_or_all_are_asked_for(page, crop):
    shown = page()
    shown.open(crop("a.png"), crop("b.png", place=(100, 100)), crop("c.png", "chart.png"))

    assert shown.text("#restore-all") == "Restore all 2"
    shown.tab.click("#restore-all")
    shown.tab.wait_for_selector("#restore-all[hidden]", state="attached")
    shown.tab.click("#item-3")
    shown.tab.wait_for_selector(DONE)

    assert shown.tab.get_attribute("#item-3", "aria-current") == "true"
    assert shown.text("#about-name") == "c.png"


def test_a_chosen_folder_gives_its_images(page, crop):
    folder, shown = folder_of(crop("inside.png"), "chosen"), page()

    shown.tab.set_input_files("#folder", str(folder))
    shown.tab.wait_for_selector(DONE)

    assert shown.text("#about-name") == "inside.png"
    assert shown.tab.is_hidden("#strip")


def test_a_dropped_folder_gives_its_images_and_those_of_folders_in_it(page, crop):
    folder, shown = folder_of(crop("inside.png"), "dropped"), page()
    folder_of(crop("deep.png"), "dropped/deeper")
    tools = shown.tab.context.new_cdp_session(shown.tab)
    for kind in ("dragEnter", "dragOver", "drop"):
        data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
        tools.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 300, "data": data})

    shown.tab.wait_for_selector(DONE)

    names = shown.tab.locator("#strip-list button").evaluate_all("(all) => all.map((one) => one.title)")
    assert names == ["deep.png", "inside.png"]


def folder_of(path, name):
    """A folder with an image, and a file that is none."""
    folder = path.parent / name
    folder.mkdir()
    (folder / "notes.txt").write_text("no image")
    path.rename(folder / path.name)
    return folder


def test_a_pasted_image_is_restored(page, crop):
    data, shown = list(crop("pasted.png").read_bytes()), page()

    shown.tab.evaluate(
        """(bytes) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
        }""",
        data,
    )
    shown.tab.wait_for_selector(DONE)

    assert shown.text("#about-name") == "pasted.png"


def test_pixels_that_rest_come_back_with_their_image(page, crop):
    """Many images of many megapixels would fill the memory."""
    shown = page()
    shown.value("(await module('session')).Session.mostPixels = 1000; return null")
    shown.open(crop("first.png"), crop("second.tif", place=(100, 100)))
    kept = pixels(shown, "right", 50, 40)
    shown.tab.click("#restore-all")
    shown.tab.wait_for_selector("#restore-all[hidden]", state="attached")
    shown.tab.click("#item-2")
    shown.tab.wait_for_selector(DONE)
    shown.tab.click("#restore")
    shown.tab.wait_for_selector("#side-right-2")
    resting = shown.value("return (await module('app')).session.items.map((item) => item.bitmap === null)")

    shown.tab.click("#item-1")
    shown.tab.wait_for_selector("#view", state="visible")

    assert resting == [True, False]
    assert pixels(shown, "right", 50, 40) == kept
