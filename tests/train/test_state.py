"""Checkpoints and the log: whole at every moment, read back exactly, and refused where they do not belong."""

import json
import os
import resource
import signal

import pytest
import torch

from pinsharp.errors import ConfigError, OutputError
from pinsharp.train.state import (
    CHECKPOINT,
    LOG,
    append_log,
    load_checkpoint,
    read_log,
    rewind_log,
    save_checkpoint,
)


def state(value=1.0, fingerprint="abc"):
    net = {"weight": torch.full((200, 200), value), "bias": torch.rand(7)}
    optimiser = {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.99)}]}
    return {"fingerprint": fingerprint, "stage": 1, "step": 20, "net": net, "optimiser": optimiser, "seconds": 1.5}


def record(stage, step, **figures):
    return {"stage": stage, "step": step, "loss": 0.5, **figures}


def test_a_checkpoint_comes_back_bit_for_bit(tmp_path):
    saved = state()

    save_checkpoint(tmp_path, saved)
    loaded = load_checkpoint(tmp_path, "abc")

    assert all(torch.equal(loaded["net"][name], saved["net"][name]) for name in saved["net"])
    assert {key: loaded[key] for key in ("stage", "step", "seconds")} == {"stage": 1, "step": 20, "seconds": 1.5}
    assert loaded["optimiser"]["param_groups"] == saved["optimiser"]["param_groups"]
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_failure_while_writing_keeps_the_old_checkpoint(tmp_path, monkeypatch, moment):
    save_checkpoint(tmp_path, state(1.0))

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*{"fsync": (os, "fsync"), "replace": ("pathlib.Path.replace",)}[moment], fail)
    with pytest.raises(OutputError, match=r"checkpoint.pt: expected [\d,]+ bytes of free space, got a full disk"):
        save_checkpoint(tmp_path, state(2.0))

    assert load_checkpoint(tmp_path, "abc")["net"]["weight"][0, 0] == 1.0
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


def test_a_full_disk_keeps_the_old_checkpoint(tmp_path):
    """torch.save answers with a RuntimeError of its own; the user sees one sentence. A limit stands for the disk."""
    save_checkpoint(tmp_path, state(1.0))

    with (
        files_of_at_most(100_000),
        pytest.raises(OutputError, match=r"checkpoint.pt: expected [\d,]+ bytes of free .*, got a limit on"),
    ):
        save_checkpoint(tmp_path, state(2.0))

    assert load_checkpoint(tmp_path, "abc")["net"]["weight"][0, 0] == 1.0


class files_of_at_most:  # noqa: N801  # reads as a sentence
    """No file may grow beyond some bytes: what a full disk does, without filling one."""

    def __init__(self, size):
        self.size = size

    def __enter__(self):
        self.limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.limits[1]))

    def __exit__(self, *_):
        resource.setrlimit(resource.RLIMIT_FSIZE, self.limits)
        signal.signal(signal.SIGXFSZ, self.handler)


def test_a_checkpoint_of_other_settings_is_refused(tmp_path):
    save_checkpoint(tmp_path, state())

    with pytest.raises(ConfigError, match="belongs to a run with other settings; resume with the same ones"):
        load_checkpoint(tmp_path, "other")


def test_nothing_to_resume_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"nothing to resume in .*; leave --resume out to start"):
        load_checkpoint(tmp_path, "abc")


@pytest.mark.parametrize("content", [b"", b"words", b"PK\x03\x04", b"\x80\x02]q\x00.", b"\x80\x02cos\nsystem\nq\x00."])
def test_a_file_that_is_no_checkpoint_is_one_sentence(tmp_path, content):
    """A pickle that would run something among them."""
    (tmp_path / CHECKPOINT).write_bytes(content)

    with pytest.raises(ConfigError, match=r"cannot read|is no checkpoint") as caught:
        load_checkpoint(tmp_path, "abc")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_checkpoint_is_one_sentence(tmp_path, share):
    save_checkpoint(tmp_path, state())
    content = (tmp_path / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(content[: int(share * len(content))])

    with pytest.raises(ConfigError, match=r"cannot read .*checkpoint.pt"):
        load_checkpoint(tmp_path, "abc")


@pytest.mark.parametrize("foreign", [[1, 2], {"model": torch.zeros(2)}])
def test_a_checkpoint_of_something_else_is_refused(tmp_path, foreign):
    torch.save(foreign, tmp_path / CHECKPOINT)

    with pytest.raises(ConfigError, match="is no checkpoint of pinsharp"):
        load_checkpoint(tmp_path, "abc")


def test_the_log_is_what_was_appended(tmp_path):
    records = [record(0, 1), record(0, 2, psnr=30.25), record(1, 1)]

    for line in records:
        append_log(tmp_path, line)

    assert read_log(tmp_path) == records
    assert len((tmp_path / LOG).read_text().splitlines()) == 3


def test_there_may_be_no_log(tmp_path):
    assert read_log(tmp_path) == []


def test_a_line_that_a_kill_cut_off_is_left_out(tmp_path):
    append_log(tmp_path, record(0, 1))
    with (tmp_path / LOG).open("a") as stream:
        stream.write(json.dumps(record(0, 2))[:17])

    assert read_log(tmp_path) == [record(0, 1)]


@pytest.mark.parametrize(
    "stage, step, kept",
    [(0, 0, 0), (0, 1, 1), (0, 3, 3), (1, 0, 3), (1, 2, 5), (2, 0, 5)],
)
def test_rewinding_drops_what_comes_after_the_checkpoint(tmp_path, stage, step, kept):
    records = [record(0, 1), record(0, 2), record(0, 3), record(1, 1), record(1, 2)]
    for line in records:
        append_log(tmp_path, line)
    with (tmp_path / LOG).open("a") as stream:
        stream.write('{"stage": 1, "st')

    rewind_log(tmp_path, stage, step)
    append_log(tmp_path, record(9, 9))

    assert read_log(tmp_path) == [*records[:kept], record(9, 9)]
    assert [path.name for path in tmp_path.iterdir()] == [LOG]


def test_a_log_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(OutputError, match=r"expected the folder .*none to exist, got none; create it first"):
        append_log(tmp_path / "none", record(0, 1))
