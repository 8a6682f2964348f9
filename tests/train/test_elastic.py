"""Whose run a folder holds: processes that torchrun starts again go on with their own, and with no other."""

import pytest
from accelerate import Accelerator

from pinsharp.errors import ConfigError
from pinsharp.train import loop
from pinsharp.train.elastic import is_restarted
from pinsharp.train.state import CHECKPOINT, save_checkpoint


@pytest.fixture
def as_worker(monkeypatch):
    """Be a worker of a job that torchrun has started again so often."""

    def be(job, restarts=0):
        monkeypatch.setenv("TORCHELASTIC_RUN_ID", job)
        monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", str(restarts))

    return be


@pytest.mark.parametrize(
    "began, now, restarts, goes_on",
    [
        ("night-12", "night-12", 0, True),  # on a host that has come back, or put back into Slurm's queue
        ("night-12", "night-12", 2, True),
        ("night-12", "night-13", 0, False),
        ("night-12", "night-13", 1, False),
        ("none", "none", 0, False),  # torchrun calls every job so that was given no name
        ("none", "none", 1, True),
        ("", "night-12", 1, False),
        ("", "", 0, False),
    ],
)
def test_a_run_goes_on_where_the_same_job_began_it(tmp_path, as_worker, began, now, restarts, goes_on):
    save_checkpoint(tmp_path, {"fingerprint": "", "job": began})
    as_worker(now, restarts)

    assert is_restarted(tmp_path, Accelerator(cpu=True)) == goes_on


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint"])
def test_a_folder_without_a_checkpoint_is_no_run_of_the_job(tmp_path, as_worker, content):
    as_worker("night-12", 1)
    if content is not None:
        (tmp_path / CHECKPOINT).write_bytes(content)

    assert not is_restarted(tmp_path, Accelerator(cpu=True))


def test_the_same_command_of_the_same_job_goes_on_and_of_another_is_refused(tiny_run, as_worker, monkeypatch):
    monkeypatch.setattr(loop, "save_pictures", lambda *_, **__: None)
    as_worker("night-12")
    stops = iter([False, False, True])

    assert loop.train(tiny_run, quiet=True, stop=lambda: next(stops)).is_stopped
    assert not loop.train(tiny_run, quiet=True).is_stopped
    as_worker("night-13")
    with pytest.raises(ConfigError, match="already holds a run; go on with --resume"):
        loop.train(tiny_run, quiet=True)
