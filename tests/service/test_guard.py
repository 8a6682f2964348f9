"""What is too much, too large, too slow, or without the key is refused with a sentence, and nothing else suffers."""

import asyncio
import json
from concurrent.futures import as_completed

import numpy as np
import pytest

from pinsharp.errors import ConfigError
from pinsharp.service import work
from pinsharp.service.answers import short_report
from pinsharp.service.metrics import Metrics
from pinsharp.service.settings import Limits

KEY = "a-key-of-sixteen-letters"


def scope(path="/v1/restore", **headers):
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": pairs,
        "client": ("127.0.0.1", 1),
        "server": ("here", 80),
    }


def pieces(*bodies, silence_s=0.0):
    """What gives a body piece by piece, the last one after some silence."""
    left = list(bodies)

    async def receive():
        if not left:
            await asyncio.sleep(60)
        if len(left) == 1:
            await asyncio.sleep(silence_s)
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    return receive


def test_a_body_that_says_it_is_too_large_is_refused(start, photo):
    answer = start(body_bytes=1000).post("/v1/measure", b"x" * 1001)

    assert answer.status_code == 413
    assert answer.json()["detail"] == "expected a body of at most 1,000 bytes, got 1,001; send it to /v1/jobs"


def test_a_body_without_length_is_counted(start, tmp_path):
    service = start(body_bytes=1000)

    status, said = service.raw(scope(transfer_encoding="chunked"), pieces(b"x" * 600, b"x" * 600, b"x"))

    assert status == 413
    assert "at most 1,000 bytes, got more" in json.loads(said)["detail"]
    assert list((tmp_path / "state" / "requests").iterdir()) == []


def test_a_body_of_the_most_bytes_is_taken(start, photo):
    data = photo("image.png").read_bytes()

    assert start(body_bytes=len(data)).post("/v1/measure", data).status_code == 200


@pytest.mark.parametrize("limits", [{"slow_seconds": 0.1}, {"body_seconds": 0.1}])
def test_a_body_that_comes_too_slowly_is_refused(start, limits):
    status, said = start(**limits).raw(scope(content_length="20"), pieces(b"x" * 10, b"x" * 10, silence_s=5))

    assert status == 408
    assert "got 10 bytes; send it faster" in json.loads(said)["detail"]


def test_a_client_that_goes_away_leaves_nothing(start, tmp_path):
    async def receive():
        return {"type": "http.disconnect"}

    status, _ = start().raw(scope(content_length="20"), receive)

    assert status == 400
    assert list((tmp_path / "state" / "requests").iterdir()) == []


def test_a_packed_body_is_refused(start):
    answer = start().post("/v1/restore", b"x", headers={"content-encoding": "gzip"})

    assert answer.status_code == 415
    assert "not packed" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["image.png", "image.tif"])
def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(start, photo, name):
    """The truncated one shows it: its pixels would be missed."""
    data = photo(name, (48, 40)).read_bytes()
    service = start(pixels=48 * 40 - 1)

    answers = [service.post("/v1/restore", each) for each in (data, data[:-20])]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].json()["detail"].startswith("image" + name[5:] + ": expected at most 1,919 pixels, got 40 x 48")


def test_pixels_of_further_files_count_too(start, photo):
    small, large = photo("small.png", (40, 40)), photo("large.png", (60, 60))

    answer = start(pixels=2000).post(
        "/v1/measure", files={"image": small.read_bytes(), "reference": large.read_bytes()}
    )

    assert answer.status_code == 422
    assert "at most 2,000 pixels" in answer.json()["detail"]


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"x-api-key": KEY[:-1]}])
def test_without_the_key_nobody_comes_in(start, headers):
    service = start(key=KEY)

    answers = [service.get(path, headers=headers) for path in ("/v1/models", "/metrics", "/v1/jobs/x")]

    assert [answer.status_code for answer in answers] == [401] * 3
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert [service.get(path).status_code for path in ("/", "/healthz", "/readyz")] == [200] * 3


@pytest.mark.parametrize("headers", [{"authorization": f"Bearer {KEY}"}, {"x-api-key": KEY}])
def test_with_the_key_one_does(start, headers):
    assert start(key=KEY).get("/v1/models", headers=headers).status_code == 200


def test_one_client_has_so_many_requests_and_no_more(start, photo, gate):
    data, service = photo("image.png").read_bytes(), start(requests_per_client=2)
    gate.clear()
    begun = [service.begin("POST", "/v1/measure", content=data) for _ in range(3)]

    refused = next(done.result() for done in as_completed(begun, timeout=30))
    gate.set()

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert sorted(each.result(30).status_code for each in begun) == [200, 200, 429]
    assert service.post("/v1/measure", data).status_code == 200


def test_so_many_wait_and_no_more(start, photo, gate):
    data, service = photo("image.png").read_bytes(), start(waiting=2)
    gate.clear()
    begun = [service.begin("POST", "/v1/measure", content=data) for _ in range(3)]

    refused = next(done.result() for done in as_completed(begun, timeout=30))
    gate.set()

    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) == 3
    assert sorted(each.result(30).status_code for each in begun) == [200, 200, 503]
    assert 'pinsharp_refusals_total{reason="busy"} 1.0' in service.get("/metrics").text


def test_work_that_takes_too_long_is_stopped(start, photo, gate, tmp_path):
    service = start(seconds=0.1)
    gate.clear()

    answer = service.post("/v1/measure", photo("image.png").read_bytes())

    assert answer.status_code == 503
    assert "within 0.1 s, got one that takes longer; send it to /v1/jobs" in answer.json()["detail"]
    assert list((tmp_path / "state" / "requests").iterdir()) == []


def test_nothing_is_taken_when_the_disk_is_nearly_full(start, photo):
    service = start(free_bytes=2**60)

    assert service.post("/v1/measure", photo("image.png").read_bytes()).status_code == 503
    assert service.get("/readyz").status_code == 503


def test_a_bug_is_answered_without_its_traceback(start, photo, monkeypatch, caplog):
    def broken(*_):
        raise ZeroDivisionError("a secret of ours")

    monkeypatch.setitem(work._DO, "measure", broken)

    answer = start().post("/v1/measure", photo("image.png").read_bytes())

    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "a secret of ours" in caplog.text


def test_metrics_tell_widths_and_verdicts_and_few_routes(start, photo):
    service = start()
    service.post("/v1/measure", photo("image.png").read_bytes())
    for name in "abc":
        service.get(f"/v1/{name}")

    text = service.get("/metrics").text

    assert "pinsharp_sigma_pixels_count 1.0" in text
    assert 'pinsharp_request_seconds_count{route="/v1/measure",status="200"} 1.0' in text
    assert 'pinsharp_request_seconds_count{route="other",status="404"} 3.0' in text


def test_metrics_count_what_was_found():
    metrics = Metrics()
    for verdict in ("restorable", "restorable", "moved"):
        metrics.measured({"sigma": 2.0, "verdict": verdict, "restored": verdict != "moved"})

    text = metrics.text().decode()

    assert 'pinsharp_verdicts_total{verdict="restorable"} 2.0' in text
    assert "pinsharp_left_alone_total 1.0" in text
    assert 'pinsharp_sigma_pixels_bucket{le="2.0"} 3.0' in text


def test_limits_are_positive():
    with pytest.raises(ConfigError, match="body bytes must be above 0 and finite, got 0; leave it out"):
        Limits(body_bytes=0)


def test_a_report_for_a_header_is_never_too_long(start):
    figures = {"sigma": 2.0, "field": {"levels": list(np.arange(5000.0))}, "none": float("nan")}

    assert json.loads(short_report(figures)) == {"sigma": 2.0, "none": None}
