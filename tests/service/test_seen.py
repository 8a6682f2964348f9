"""What a page shows: pictures of 8 bits of every format, the report with tables, and parts of a form."""

import email
import json

import cv2
import numpy as np
import pytest

from pinsharp.images.files import read_image, write_image
from slanted_edges import edge, gaussian


def parts(answer):
    """The parts of a form by name: file name and content."""
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + answer.content)
    return {
        each.get_param("name", header="content-disposition"): (each.get_filename(), each.get_payload(decode=True))
        for each in message.get_payload()
    }


def seen(service, path, **options):
    answer = service.post(
        "/v1/restore",
        files={"image": path.read_bytes()},
        data={"options": json.dumps(options)},
        headers={"Accept": "multipart/form-data"},
    )
    assert answer.status_code == 200, answer.text
    return parts(answer)


def picture(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def test_the_result_in_a_form_is_the_result_alone(start, photo):
    service, path = start(), photo("image.tif", dtype="uint16")

    name, image = seen(service, path)["image"]

    assert name == "result.tif"
    assert image == service.post("/v1/restore", path.read_bytes()).content


@pytest.mark.parametrize("name, dtype, extra", [("a.png", "uint8", set()), ("a.tif", "uint16", {"before", "after"})])
def test_pictures_come_for_what_a_browser_would_not_show(start, photo, name, dtype, extra):
    assert set(seen(start(), photo(name, dtype=dtype))) == {"report", "image", "evidence", *extra}


def test_both_pictures_are_brightened_alike(start, tmp_path):
    """12 bits in 16, which a browser would show nearly black."""
    values = np.random.default_rng(0).random((48, 40)).cumsum(axis=0)
    write_image(tmp_path / "dark.tif", (values / values.max() * 4000).astype(np.uint16))

    made = seen(start(), tmp_path / "dark.tif")

    (tmp_path / "result.tif").write_bytes(made["image"][1])
    for name, file in (("before", "dark.tif"), ("after", "result.tif")):
        expected = read_image(tmp_path / file).pixels * (16 / 65535 * 255)
        np.testing.assert_allclose(picture(made[name][1])[..., 0], np.clip(expected, 0, 255), atol=0.51)


def test_the_report_draws_the_blur(start, photo):
    report = json.loads(seen(start(), photo("image.png"))["report"][1])

    blur, kernel = report["blur"], np.array(report["blur"]["kernel"])
    assert report["bits"] == 8
    assert kernel.sum() == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=1e-6)
    frequency, contrast = (np.array(blur["mtf"][name]) for name in ("frequency", "contrast"))
    gaussian_mtf = np.exp(-2 * (np.pi * report["sigma"] * frequency) ** 2)  # the tiny model says Gaussian
    np.testing.assert_allclose(contrast, gaussian_mtf, atol=0.02)
    assert (frequency[0], frequency[-1]) == (0, 0.5)


def test_the_table_of_a_wide_kernel_stays_small(start, photo):
    blur = json.loads(seen(start(), photo("image.png", (240, 200)), kernel="gaussian:40")["report"][1])["blur"]

    kernel, step = np.array(blur["kernel"]), blur["kernel_step"]
    assert len(kernel) <= 101
    assert step > 1
    assert kernel.sum() == pytest.approx(1, abs=2e-3)
    place = (np.arange(len(kernel)) + 0.5) * step
    middle = (kernel.sum(axis=0) * place).sum() / kernel.sum()
    assert np.sqrt((kernel.sum(axis=0) * (place - middle) ** 2).sum()) == pytest.approx(40, rel=0.02)


def test_an_image_that_stays_has_no_evidence(start, photo, tmp_path):
    np.save(tmp_path / "point.npy", np.pad([[1.0]], 2))
    files = {"image": photo("image.png").read_bytes(), "kernel": (tmp_path / "point.npy").read_bytes()}

    made = parts(start().post("/v1/restore", files=files, headers={"Accept": "multipart/form-data"}))

    assert "evidence" not in made
    assert json.loads(made["report"][1])["restored"] is False


@pytest.mark.parametrize("demosaic, shape", [("malvar", (96, 80, 3)), ("planes", (96, 80))])
def test_a_mosaic_is_seen_as_it_was_asked_for(start, tmp_path, demosaic, shape):
    """In colours, or as the mosaic that it is; a view beforehand has the same size."""
    frame = np.random.default_rng(0).integers(20, 200, (96, 80)).astype(np.uint8)
    (tmp_path / "a.raw").write_bytes(frame.tobytes())
    service, options = start(), {"raw": "80x96:BayerRG8", "demosaic": demosaic}

    made = seen(service, tmp_path / "a.raw", kernel="gaussian:1", **options)

    view = service.post("/v1/view", files={"image": frame.tobytes()}, data={"options": json.dumps(options)})
    assert picture(made["before"][1]).shape[:2] == picture(made["after"][1]).shape[:2] == shape[:2]
    assert view.status_code == 200, view.text
    assert picture(view.content).shape[:2] == shape[:2]
    assert bool(np.ptp(picture(view.content), axis=2).any()) == (len(shape) == 3)


@pytest.mark.parametrize("name, dtype", [("a.tif", "float32"), ("a.png", "uint16"), ("a.jxl", "uint8")])
def test_a_view_is_a_png_of_eight_bits(start, photo, name, dtype):
    path = photo(name, (30, 20, 3), dtype)

    answer = start().post("/v1/view", path.read_bytes())

    assert answer.headers["content-type"] == "image/png"
    shown = picture(answer.content)
    assert (shown.shape, shown.dtype) == ((30, 20, 3), np.uint8)


def test_a_view_of_no_image_is_refused_in_a_sentence(start):
    answer = start().post("/v1/view", b"no image")

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("image: expected")


def test_a_profile_is_made_of_the_edge_in_a_box(start, tmp_path):
    soft, sharp = (np.rint(edge(gaussian, sigma, 5) * 255).astype(np.uint8) for sigma in (2.5, 1.0))
    write_image(tmp_path / "edges.png", np.concatenate([soft, sharp[:, ::-1]], axis=1))

    answer = start().post(
        "/v1/profile",
        files={"edge": (tmp_path / "edges.png").read_bytes()},
        data={"options": json.dumps({"box": [80, 5, 160, 105]})},
    )

    assert answer.json()["own_softness"]["sigma"] == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize(
    "box, sentence",
    [
        ([1, 2, 3], "left, top, right and bottom in whole pixels"),
        ([0, 0, True, 5], "in whole pixels"),
        ([9, 0, 3, 5], "from left to right"),
        ("all", "box must be a list"),
    ],
)
def test_an_impossible_box_is_refused(start, photo, box, sentence):
    answer = start().post(
        "/v1/profile",
        files={"edge": photo("image.png").read_bytes()},
        data={"options": json.dumps({"box": box})},
    )

    assert answer.status_code == 400
    assert sentence in answer.json()["detail"]
