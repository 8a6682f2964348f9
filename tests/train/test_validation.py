"""Validation: the figures that a net can have and no others, in the log, the card and on the screen."""

import pytest
import torch

from pinsharp.blur.field import BlurField
from pinsharp.nets.weights import load_weights
from pinsharp.train import loop
from pinsharp.train.loop import WEIGHTS, train
from pinsharp.train.state import read_log
from pinsharp.train.validation import validate

EVERY_FIGURE = {"psnr", "blind_psnr", "blurred_psnr", "width_error"}


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch):
    """Drawing takes most of the time of a tiny run."""
    monkeypatch.setattr(loop, "save_pictures", lambda *_, **__: None)


@pytest.mark.parametrize(
    "name, known",
    [
        ("nafnet", {"blurred_psnr", "blind_psnr"}),
        ("deepdeblur", {"blurred_psnr", "blind_psnr"}),
        ("srn", {"blurred_psnr", "blind_psnr"}),
        ("dwdn", {"blurred_psnr", "psnr"}),
    ],
)
def test_a_net_is_only_asked_what_it_can_say(tiny_peer, capsys, name, known):
    config = tiny_peer(name)

    train(config)

    last = read_log(config.folder)[-1]
    assert EVERY_FIGURE & last.keys() == known
    assert load_weights(config.folder / WEIGHTS).card["validation"].keys() == known - {"blurred_psnr"}
    shown = capsys.readouterr().err
    assert ("blind" in shown, "true kernel" in shown, "width error" in shown) == (
        "blind_psnr" in known,
        "psnr" in known,
        False,
    )


def test_a_net_that_estimates_says_everything(tiny_run, capsys):
    train(tiny_run)

    assert read_log(tiny_run.folder)[-1].keys() >= EVERY_FIGURE
    assert "dB with the true kernel" in (shown := capsys.readouterr().err)
    assert "dB blind" in shown
    assert "width error" in shown


@pytest.mark.parametrize("name", ["nafnet", "dwdn"])
def test_the_figure_is_that_of_the_saved_weights(tiny_peer, name):
    run = train(tiny_peer(name), quiet=True)

    net, pairs = load_weights(run.config.folder / WEIGHTS).net, run.validation
    with torch.no_grad():
        told = BlurField(pairs.kernel, pairs.noise)
        restored = net.deconvolve(pairs.blurred, told) if name == "dwdn" else net.restore(pairs.blurred)
    expected = -10 * (restored.clamp(0, 1) - pairs.sharp).square().mean(dim=(1, 2, 3)).log10()
    figures, shown = validate(run, is_blind=name != "dwdn")
    assert figures["psnr" if name == "dwdn" else "blind_psnr"] == pytest.approx(float(expected.mean()), abs=1e-3)
    torch.testing.assert_close(shown, restored.clamp(0, 1))
