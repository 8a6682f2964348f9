"""`pinsharp adapt` in a log: how far it is, also while it looks at images and judges."""

from types import SimpleNamespace

import pytest

from pinsharp.adapt import adapt as steps
from pinsharp.cli import progress


@pytest.fixture
def quick(monkeypatch):
    """Steps that only count, with a line for each."""

    def prepare(plan, *, say, stop, advance):
        for _ in range(3):
            advance()

    def judge(plan, config, *, stop, advance):
        for _ in range(4):
            advance()
        return SimpleNamespace(shares=(), gains=(), written=None)

    monkeypatch.setattr(progress, "_LINE_EVERY_S", 0)
    monkeypatch.setattr(steps, "check_out", lambda plan: None)
    monkeypatch.setattr(steps, "images_to_look_at", lambda plan: 3)
    monkeypatch.setattr(steps, "prepare", prepare)
    monkeypatch.setattr(steps, "adapt", lambda plan, config, *, stop: None)
    monkeypatch.setattr(steps, "held_out_images", lambda plan, config: SimpleNamespace(count=2))
    monkeypatch.setattr(steps, "judge", judge)


def test_a_log_shows_how_far_it_is_before_and_after_training(cli, quick, tmp_path):
    done = cli("adapt", tmp_path, "-o", tmp_path / "mine.safetensors")

    assert done.code == 1
    assert "looking at the images: 3 of 3" in done.err
    assert "restoring held-out images: 4 of 4" in done.err
