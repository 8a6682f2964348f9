"""What the service answers is what the command line does: the same bits, figures and sentences."""

import json

import numpy as np
import pytest

from pinsharp.images.files import write_image


def of_report(figures):
    """Figures that do not depend on the clock or on names."""
    return {name: value for name, value in figures.items() if name not in ("seconds", "input", "output", "model")}


@pytest.mark.parametrize(
    "name, shape, dtype",
    [
        ("mono.png", (48, 40), "uint8"),
        ("colour.png", (41, 57, 3), "uint8"),
        ("alpha.png", (48, 40, 4), "uint8"),
        ("deep.png", (48, 40), "uint16"),
        ("mono.tif", (48, 40), "uint16"),
        ("deep.tif", (48, 40, 3), "uint16"),
        ("float.tif", (48, 40), "float32"),
        ("lossy.jpg", (48, 40, 3), "uint8"),
        ("lossless.jxl", (48, 40), "uint16"),
        ("plain.pgm", (48, 40), "uint16"),
    ],
)
def test_a_result_is_that_of_restore_to_the_last_bit(start, cli, photo, model, tmp_path, name, shape, dtype):
    path = photo(name, shape, dtype)
    _, figures, _ = cli("restore", path, "-o", tmp_path / "out" / name, "--model", model, "--json")

    answer = start().post("/v1/restore", path.read_bytes())

    assert answer.status_code == 200
    assert answer.content == (tmp_path / "out" / name).read_bytes()
    assert of_report(json.loads(answer.headers["pinsharp-report"])) == of_report(figures)


def test_options_and_further_files_mean_what_they_mean_to_restore(start, cli, photo, model, tmp_path):
    path, mask = photo("image.png"), tmp_path / "mask.png"
    write_image(mask, (np.indices((48, 40)).sum(0) < 20).astype("uint8") * 255)
    kernel = np.outer(*2 * [np.exp(-(np.linspace(-2, 2, 9) ** 2))])
    np.save(tmp_path / "kernel.npy", kernel / kernel.sum())
    options = ["--mask", mask, "--kernel", tmp_path / "kernel.npy", "--light", 2.2, "--channels", "luma"]
    cli("restore", path, "-o", tmp_path / "out.png", "--model", model, *options)

    answer = start().post(
        "/v1/restore",
        files={"image": path.read_bytes(), "mask": mask.read_bytes(), "kernel": (tmp_path / "kernel.npy").read_bytes()},
        data={"options": json.dumps({"light": 2.2, "channels": "luma"})},
    )

    assert answer.content == (tmp_path / "out.png").read_bytes()


def test_a_frame_without_header_is_one_by_its_option(start, cli, model, tmp_path):
    values = (np.random.default_rng(1).random((48, 40)).cumsum(axis=0) * 80).astype("<u2")
    (tmp_path / "frame.raw").write_bytes(values.tobytes())
    cli("restore", tmp_path / "frame.raw", "-o", tmp_path / "out.raw", "--model", model, "--raw", "40x48:Mono12")

    answer = start().post("/v1/restore", values.tobytes(), params={"options": '{"raw": "40x48:Mono12"}'})

    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.content == (tmp_path / "out.raw").read_bytes()


def test_accept_decides_what_comes_back(start, cli, photo, model, tmp_path):
    path, service = photo("image.png"), start()
    cli("restore", path, "-o", tmp_path / "out.tif", "--model", model)

    def answer(accept):
        return service.post("/v1/restore", path.read_bytes(), headers={"accept": accept})

    tiff = answer("text/html, image/tiff;q=0.9, application/json;q=0.5")
    report, both = answer("application/json"), answer("multipart/mixed")

    assert tiff.headers["content-type"] == "image/tiff"
    assert tiff.content == (tmp_path / "out.tif").read_bytes()
    assert report.json()["sigma"] == pytest.approx(2.0, rel=0.01)
    assert answer("image/*").content in both.content
    assert of_report(json.loads(both.content.split(b"\r\n")[3])) == of_report(report.json())
    assert answer("text/html").status_code == 406


def test_an_image_left_as_it_is_says_why(start, cli, model, tmp_path):
    write_image(tmp_path / "flat.png", np.full((48, 40), 100, "uint8"))
    data = (tmp_path / "flat.png").read_bytes()
    service = start()

    left = service.post("/v1/restore", data, params={"options": '{"kernel": "gaussian:0.05"}'})
    report = json.loads(left.headers["pinsharp-report"])

    assert left.status_code == 200
    assert not report["restored"]
    assert "point" in report["reason"]
    assert "pinsharp_left_alone_total 1.0" in service.get("/metrics").text


def test_measuring_says_what_kernel_says(start, cli, photo, model):
    path = photo("image.png")
    _, figures, _ = cli("kernel", path, "--model", model, "--json", "--per-channel")

    answer = start().post("/v1/measure", path.read_bytes(), params={"options": '{"per_channel": true}'})

    assert of_report(answer.json()) == of_report(figures)


def test_detecting_says_what_detect_says(start, cli, photo, tmp_path):
    path = photo("panel.png", (60, 90))
    cli("detect", path, "-o", tmp_path / "found", "--json")
    document = json.loads((tmp_path / "found" / "panel.found.json").read_text())
    service = start()

    answer = service.post("/v1/detect", path.read_bytes())
    picture = service.post("/v1/detect", path.read_bytes(), headers={"accept": "image/png"})

    assert of_report(answer.json()) == of_report(document)
    assert picture.content == (tmp_path / "found" / "panel.found.png").read_bytes()


def test_pins_and_settings_of_the_detector_are_taken(start, photo):
    path, service = photo("panel.png", (60, 90)), start()
    pins = b"number,top,left,bottom,right\n7,5,5,50,30\n"

    given = service.post("/v1/detect", files={"image": path.read_bytes(), "pins": pins})
    unknown = service.post("/v1/detect", path.read_bytes(), params={"options": '{"settings": {"treshold": 1}}'})

    assert [pin["number"] for pin in given.json()["pins"]] == [7]
    assert unknown.status_code == 400
    assert "unknown setting treshold" in unknown.json()["detail"]


def test_a_profile_is_made_and_then_called_by_its_name(start, cli, photo, model, tmp_path):
    flats = [photo(f"flat-{number}.png", (64, 64), "uint8").read_bytes() for number in (1, 2)]
    folder = tmp_path / "cameras"
    folder.mkdir()
    service = start(profiles=folder)

    made = service.post("/v1/profile", files=[("flat", flat) for flat in flats])
    (folder / "left.json").write_bytes(made.content)
    path = photo("image.png", (64, 64), "uint8")
    cli("restore", path, "-o", tmp_path / "out.png", "--model", model, "--profile", folder / "left.json")
    called = service.post("/v1/restore", path.read_bytes(), params={"options": '{"profile": "left"}'})

    assert made.status_code == 200
    assert service.get("/v1/profiles").json() == {"profiles": ["left"]}
    assert called.content == (tmp_path / "out.png").read_bytes()


@pytest.mark.parametrize(
    "name, content",
    [
        ("image.png", b""),
        ("image.png", b"this is a text"),
        ("image.png", b"GIF89a and so on"),
        ("image.png", "half"),
        ("image.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\xff\xff\xff\x7f" * 2 + b"\x08\0\0\0\0" + b"\0" * 40),
        ("image.tif", b"II*\0" + b"\xff" * 60),
        ("image.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 60),
        ("image.npy", b"\x93NUMPY\x01\0\x76\0{'descr': '|O', 'fortran_order': False, 'shape': (9, 9)}" + b" " * 60),
        ("image.pgm", b"P5 99999 99999 255\n" + b"\0" * 50),
        ("image.avif", b"\0\0\0\x20ftypavif" + b"\0" * 60),
    ],
    ids=["empty", "text", "gif", "half", "bomb", "tiff", "jpeg", "npy", "pgm", "avif"],
)
def test_a_hostile_file_is_refused_as_on_the_command_line(start, cli, photo, model, tmp_path, name, content):
    if content == "half":
        content = photo("whole.png").read_bytes()[:900]
    path = tmp_path / name
    path.write_bytes(content)
    code, _, complaint = cli("restore", path, "-o", tmp_path / "out.tif", "--model", model)

    answer = start(pixels=10**9).post("/v1/restore", content, headers={"accept": "image/tiff"})

    assert code == 2
    assert answer.status_code == 422
    part, _, said = answer.json()["detail"].partition(": ")
    assert part in ("image", name)
    assert said
    assert said == complaint.strip().partition(f"{path}: ")[2]


def test_a_result_that_its_format_cannot_hold_is_refused(start, photo):
    answer = start().post(
        "/v1/restore", photo("deep.png", dtype="uint16").read_bytes(), headers={"accept": "image/jpeg"}
    )

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("image.png: result.jpg: expected uint8 pixels for JPEG, got uint16")


def test_models_can_be_asked_for(start, photo):
    service = start()
    names = {model["name"]: model for model in service.get("/v1/models").json()["models"]}

    answer = service.post("/v1/restore", photo("image.png").read_bytes(), params={"options": '{"model": "wiener:0.1"}'})

    assert names["tiny.safetensors"]["is_default"]
    assert "/" not in json.dumps(names)
    assert json.loads(answer.headers["pinsharp-report"])["model"] == "wiener:0.1"


def test_a_kernel_that_cannot_be_is_refused_in_the_words_of_the_command(start, photo):
    said = start().post("/v1/restore", photo("image.png").read_bytes(), params={"options": '{"kernel": "gaussian:-1"}'})

    assert said.status_code == 400
    assert said.json()["detail"] == "sigma of a Gaussian must be a positive number of pixels, got -1.0"
