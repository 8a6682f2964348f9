"""The service as a process of its own: over a real connection, stopped, killed and started again."""

import http.client
import json
import re
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from served import Served

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120


@pytest.fixture(scope="module")
def server(model, tmp_path_factory):
    """One that runs through all tests of this file that do not end it."""
    started = Served(tmp_path_factory.mktemp("server") / "state", "--model", model, "--slow-seconds", 1)
    yield started
    code, said = started.end()
    assert (code, said) == (0, "")


@pytest.fixture
def serve(model, tmp_path):
    """Start services with one state, which end with the test, whatever happens."""
    started = []

    def begin(*options):
        started.append(Served(tmp_path / "state", "--model", model, *options))
        return started[-1]

    yield begin
    for each in started:
        each.__exit__()


@pytest.fixture
def image(photo):
    return photo("image.png", (64, 64)).read_bytes()


def commands():
    """The commands of docs/service.md."""
    text = (ROOT / "docs" / "service.md").read_text()
    return re.search(r"```sh\n(.*?)```", text.partition("<!-- curl")[2], re.DOTALL)[1].splitlines()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("command", commands())
def test_the_commands_of_the_docs_work(server, photo, tmp_path, command):
    """With a smaller image in the place of the sample."""
    small = photo("small.png", (64, 64))
    command = command.replace("http://127.0.0.1:8000", server.url).replace("examples/sample/chart.png", str(small))

    done = subprocess.run(shlex.split(command), cwd=tmp_path, capture_output=True, timeout=PATIENCE_S)

    assert done.returncode == 0, done.stderr
    results = [tmp_path / name for name in ("restored.png", "restored.tif") if (tmp_path / name).exists()]
    assert results or json.loads(done.stdout)
    assert all(path.stat().st_size > 1000 for path in results)


@pytest.mark.slow
@pytest.mark.parametrize("option", [[], ["--job"]])
def test_the_client_of_the_examples_works(server, photo, tmp_path, option):
    path = photo("image.png", (64, 64))
    _, _, expected = server.request("POST", "/v1/restore", path.read_bytes())
    call = [sys.executable, str(ROOT / "examples" / "service_client.py"), server.url]

    done, refused = (
        subprocess.run(
            [*call, str(image), str(tmp_path / "out.png"), *option], capture_output=True, text=True, timeout=PATIENCE_S
        )
        for image in (path, Path(__file__))
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.png").read_bytes() == expected
    assert done.stdout.startswith("sigma 2.00 px")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: image: expected a PNG")


@pytest.mark.slow
def test_headers_that_do_not_come_end_the_connection(server):
    """Silence, a request line alone, and a second request that stops short after a whole one."""
    begun = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
    for sent in (b"", begun, begun + b"\r\n" + begun):
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as connection:
            connection.sendall(sent)
            received = b""
            try:
                while piece := connection.recv(4096):
                    received += piece
            except ConnectionResetError:
                pass
        assert received.count(b"200 OK") == sent.count(b"\r\n\r\n")


@pytest.mark.slow
def test_what_clients_send_wrong_does_not_fill_the_log(serve):
    server = serve()
    form = {"Content-Type": "multipart/form-data; boundary=b"}

    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as connection:
        connection.sendall(b"\0\1 no HTTP\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 400")
    status = server.request("POST", "/v1/restore", b"--b\r\nX[\0: y\r\n\r\n", form)[0]

    assert status == 400
    assert server.end() == (0, "")


@pytest.mark.slow
def test_a_refusal_is_heard_by_a_client_that_still_sends(serve):
    server = serve("--most-megabytes", 1)

    counted = server.request("POST", "/v1/restore", b"x" * 3_000_000)
    chunked = server.request("POST", "/v1/restore", (b"x" * 100_000 for _ in range(30)))
    unknown = server.request("POST", "/v1/nothing", b"x" * 900_000)

    assert (counted[0], chunked[0], unknown[0]) == (413, 413, 404)
    assert json.loads(counted[2])["detail"].startswith("expected a body of at most 1,000,000 bytes, got 3,000,000")
    assert json.loads(chunked[2])["detail"].startswith("expected a body of at most 1,000,000 bytes, got more")
    assert server.end() == (0, "")


@pytest.mark.slow
def test_what_was_begun_is_answered_and_jobs_go_on_after_a_restart(serve, image, tmp_path):
    """SIGTERM while a body comes in: it is answered. SIGKILL: jobs are run again. Each ends once."""
    first = serve()
    jobs = [json.loads(first.request("POST", "/v1/jobs", image)[2])["id"] for _ in range(3)]
    connection = http.client.HTTPConnection("127.0.0.1", first.port, timeout=PATIENCE_S)
    connection.putrequest("POST", "/v1/restore")
    connection.putheader("Content-Length", str(len(image)))
    connection.endheaders(image[:100])
    until(lambda: b"pinsharp" in first.request("GET", "/")[2])

    first.process.send_signal(signal.SIGTERM)
    until(lambda: is_refused(first.port))
    connection.send(image[100:])
    answer = connection.getresponse()
    restored = answer.read()
    connection.close()
    code, said = first.end()

    assert (answer.status, code, said) == (200, 0, "")
    assert restored.startswith(b"\x89PNG")

    second = serve()
    more = [json.loads(second.request("POST", "/v1/jobs", image)[2])["id"] for _ in range(3)]
    assert second.end(signal.SIGKILL)[0] == -signal.SIGKILL

    third = serve()
    for name in jobs + more:
        events = third.request("GET", f"/v1/jobs/{name}/events")[2]
        assert b"event: done" in events
        assert third.request("GET", f"/v1/jobs/{name}/result")[2] == restored
    assert third.end() == (0, "")
    database = sqlite3.connect(tmp_path / "state" / "jobs.sqlite")
    assert database.execute("SELECT state, ends FROM jobs").fetchall() == [("done", 1)] * 6
    database.close()


@pytest.mark.slow
def test_streams_of_events_end_when_the_service_stops(serve, photo):
    server = serve()
    large = photo("large.png", (900, 900)).read_bytes()
    names = [json.loads(server.request("POST", "/v1/jobs", large)[2])["id"] for _ in range(4)]
    heard = []
    listening = threading.Thread(
        target=lambda: heard.append(server.request("GET", f"/v1/jobs/{names[-1]}/events")), daemon=True
    )
    listening.start()
    time.sleep(0.3)

    assert server.end() == (0, "")
    listening.join(PATIENCE_S)

    assert heard[0][0] == 200
    assert heard[0][2].startswith(b"event: waiting")


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--host", "0.0.0.0"], "expected a key where other machines can come in, got none for 0.0.0.0"),
        (["--api-key-file", "nowhere"], "nowhere: expected a file with a key"),
        (["--port", "70000"], "--port must be from 0 to 65535, got 70000"),
        (["--profiles", "nowhere"], "expected a folder of profiles, got none"),
        (["--seconds", "0"], "seconds must be above 0 and finite, got 0"),
        (["--keep-hours", "inf"], "keep seconds must be above 0 and finite, got inf"),
        (["--most-megabytes", "nan"], "body bytes must be above 0 and finite, got 0"),
        (["--model", "swif"], "did you mean 'swift'?"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(cli, monkeypatch, tmp_path, options, sentence):
    monkeypatch.delenv("PINSHARP_API_KEY", raising=False)

    code, _, said = cli("serve", "--port", 0, "--state", tmp_path / "state", *options)

    assert code == 2
    assert said.count("\n") == 1
    assert sentence in said


def test_a_port_that_is_taken_is_said(cli, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code, _, said = cli("serve", "--port", port, "--state", tmp_path)

    assert code == 2
    assert f"got Address already in use for 127.0.0.1:{port}; give --port N" in said


def is_refused(port):
    """Whether nobody listens any more."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return True
    return False


def until(is_so):
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)
