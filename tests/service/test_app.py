"""What the service says of itself, and of paths and files that it does not take from clients."""

import importlib.util
import json

import pytest
import tifffile

from pinsharp.restoration import sources
from pinsharp.service.asked import KINDS, ask


def test_the_document_describes_what_is_there(start):
    service = start()
    document = service.get("/openapi.json").json()

    operations = {(path, method) for path, item in document["paths"].items() for method in item}

    assert operations == {
        *((f"/v1/{kind}", "post") for kind in (*KINDS, "view")),
        ("/v1/jobs", "post"),
        ("/v1/jobs/{job}", "get"),
        ("/v1/jobs/{job}", "delete"),
        ("/v1/jobs/{job}/cancel", "post"),
        ("/v1/jobs/{job}/result", "get"),
        ("/v1/jobs/{job}/events", "get"),
        *((path, "get") for path in ("/v1/models", "/v1/profiles", "/healthz", "/readyz", "/metrics")),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_of_the_document_are_right(start, kind):
    body = start().get("/openapi.json").json()["paths"][f"/v1/{kind}"]["post"]["requestBody"]["content"]
    example = body["multipart/form-data"]["example"]["options"]

    asked = ask(kind, json.dumps(example), {}, None)

    assert {**asked.options, **asked.further} == example
    assert {"multipart/form-data", "image/png", "image/tiff"} <= body.keys()


def test_every_method_of_a_path_is_named_to_who_asks_for_another(start):
    service = start()

    answer = service.begin("PUT", "/v1/jobs/x").result(30)

    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET"
    assert answer.json()["detail"].endswith("got PUT /v1/jobs/x")


def test_a_browser_sees_a_page(start):
    page = start().get("/")

    assert page.headers["content-type"].startswith("text/html")
    assert 'src="pages/app.js"' in page.text
    assert page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/pages/../app.py", "/pages/%2e%2e/app.py", "/pages//etc/passwd", "/pages/"])
def test_no_file_beside_the_pages_is_given_away(start, path):
    assert start().get(path).status_code in (404, 405)


@pytest.mark.parametrize(
    "parts, sentence",
    [
        ({"image": b"x", "secret": b"x"}, "unknown part 'secret'"),
        ([("image", b"x"), ("image", b"x")], "the part 'image' once"),
        ({"kernel": b"[[1]]"}, "expected an image as the body or as the part 'image', got only kernel"),
        ({"../../x": b"x"}, "unknown part"),
        ({"image": b"x", "options": (None, b" ")}, "got an empty part; leave it out"),
    ],
)
def test_forms_with_other_parts_are_refused(start, tmp_path, parts, sentence):
    answer = start().post("/v1/restore", files=parts)

    assert answer.status_code == 400
    assert sentence in answer.json()["detail"]
    assert list((tmp_path / "state" / "requests").iterdir()) == []


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"--b\r\nContent-Disposition: form-data; name=image\r\n\r\nhalf", "a whole form"),
        (b"no form at all", "expected a form as RFC 7578 has it"),
        (b"--b\r\n" + b"X: y\r\n" * 5000 + b"\r\n", "expected a form as RFC 7578 has it"),
        (b'--b\r\nContent-Disposition: form-data; name="options"\r\n\r\n\xff\xfe\r\n--b--\r\n', "options in UTF-8"),
    ],
)
def test_a_damaged_form_is_refused(start, content, sentence):
    answer = start().post("/v1/restore", content, headers={"content-type": "multipart/form-data; boundary=b"})

    assert answer.status_code == 400
    assert sentence in answer.json()["detail"]


def test_names_that_clients_give_files_mean_nothing(start, photo, tmp_path):
    service = start()

    answer = service.post("/v1/measure", files={"image": ("../../../evil.exe", photo("image.png").read_bytes())})

    assert answer.status_code == 200
    assert not list(tmp_path.rglob("*evil*"))


def test_a_tiff_larger_than_memory_is_a_job(start, cli, photo, model, monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)
    path = photo("strip.tif", (90, 70), "uint16")
    tifffile.imwrite(path, tifffile.imread(path), rowsperstrip=8)
    cli("restore", path, "-o", tmp_path / "out.tif", "--model", model)
    service = start(pixels=1000)

    at_once = service.post("/v1/restore", path.read_bytes())
    job = service.post("/v1/jobs", path.read_bytes()).json()
    service.get(f"/v1/jobs/{job['id']}/events")
    result = service.get(f"/v1/jobs/{job['id']}/result")

    assert at_once.status_code == 422
    assert at_once.json()["detail"].startswith("image.tif: expected at most 1,000 pixels, got 70 x 90")
    assert result.content == (tmp_path / "out.tif").read_bytes()


def test_a_missing_extra_says_what_brings_it(cli, monkeypatch):
    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "sse_starlette" else known(name))

    code, _, complaint = cli("serve")

    assert code == 2
    assert "needs sse_starlette, which is not installed; run: pip install 'pinsharp[serve]'" in complaint
