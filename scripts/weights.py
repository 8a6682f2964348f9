"""Weights files made of others: larger nets, joined and averaged parts, and what ships with the package.

Usage: python scripts/weights.py COMMAND ...; `COMMAND -h` says the rest.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pinsharp.errors import ConfigError
from pinsharp.nets import weights
from pinsharp.nets.swift.blur_condition import BlurCondition
from pinsharp.nets.swift.restorer import SwiftRestorer
from pinsharp.nets.swift.swift import Swift
from pinsharp.nets.weights import load_weights, save_weights


def with_deeper_trunk(net: Swift, *, times: int, seed: int = 0) -> Swift:
    """Copy a net and put new blocks behind each residual block of the trunk that colour images use.

    A residual block whose last convolution is zero passes its input on (compare Net2Net, Chen et al., 2016).

    Args:
        net: The net; it stays as it is. Mono images must share its trunk.
        times: Blocks of the copy for each block of the net, at least 1.
        seed: Of the new blocks' first convolutions.

    Returns:
        The deeper net. It restores as `net` does until it is trained on.

    Raises:
        ConfigError: If mono images have a trunk of their own, or `times` is less than 1.
    """
    if net.restorer.mono_trunk is not None:
        raise ConfigError("only a net whose mono images share the trunk can be deepened; this one has a mono trunk")
    if times < 1:
        raise ConfigError(f"times must be at least 1, got {times}")
    config = replace(net.config, blocks=times * net.config.blocks, deep_blocks=times * net.config.deep_blocks)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        deeper = Swift(config)
    deeper.kernel_net.load_state_dict(net.kernel_net.state_dict())
    _deepen(deeper.restorer, net.restorer, times)
    return deeper


@torch.no_grad()
def with_doubt(net: Swift) -> Swift:
    """Copy a net, and tell its residual blocks how uncertain the width of a measured kernel is.

    Args:
        net: The net; it stays as it is. One that has the condition already is copied.

    Returns:
        The net that listens. It restores as `net` does until it is trained on: an input without weight goes unheard.

    Raises:
        ConfigError: If its blocks take no condition at all.
    """
    if not net.config.condition:
        raise ConfigError("expected a net with a condition, to which the doubt is one input more; got condition = 0")
    listening = Swift(replace(net.config, condition_doubt=True))
    state = dict(net.state_dict())
    for name, wanted in listening.state_dict().items():
        missing = wanted.shape[-1] - state[name].shape[-1] if wanted.ndim > 1 else 0
        state[name] = nn.functional.pad(state[name], (0, missing))  # no weight on the input that is new
    listening.load_state_dict(state)
    return listening


def with_mono_trunk(net: Swift, *, deep: Sequence[int], after: Sequence[int]) -> Swift:
    """Copy a net whose mono images share the trunk, and give them one of their own, made of some of its blocks.

    Residual blocks near the identity can be left out, and what remains trained on (compare stochastic depth, Huang et
    al., 2016): a far better start than random weights.

    Args:
        net: The net; it stays as it is.
        deep: Residual blocks at quarter resolution to take over, by number.
        after: Residual blocks behind them to take over, by number; those before them are left out.

    Returns:
        The larger net. Its colour images are restored as before, its mono images as well as the blocks allow.
    """
    grown = Swift(replace(net.config, mono_blocks=len(after), mono_deep_blocks=len(deep)))
    grown.load_state_dict(grown.state_dict() | net.state_dict())
    _take_blocks(grown.restorer, deep, after)
    return grown


def joined(seeing: Swift, restoring: Swift) -> Swift:
    """Make a net of the estimator of one and the restorer of another, each with its own settings."""
    settings = {name: value for name, value in asdict(seeing.config).items() if name.startswith("kernel_")}
    net = Swift(replace(restoring.config, **settings))
    net.kernel_net.load_state_dict(seeing.kernel_net.state_dict())
    net.restorer.load_state_dict(restoring.restorer.state_dict())
    return net


def averaged(nets: Sequence[nn.Module], shares: Sequence[float], part: str) -> nn.Module:
    """Give the last net the weighted mean of all nets' parameters and statistics of a part; it is changed."""
    states = [net.state_dict() for net in nets]
    mean = {
        name: sum(share * state[name].double() for share, state in zip(shares, states, strict=True)) / sum(shares)
        for name in states[-1]
        if name.startswith(f"{part}.")
    }
    nets[-1].load_state_dict(states[-1] | mean)
    return nets[-1]


@torch.no_grad()
def _deepen(deeper: SwiftRestorer, restorer: SwiftRestorer, times: int) -> None:
    for name in ("bank", "enter", "leave", "trunk.down", "trunk.up"):
        deeper.get_submodule(name).load_state_dict(restorer.get_submodule(name).state_dict())
    for name in ("before", "deep", "after"):
        mine, theirs = (getattr(one.trunk, name) for one in (deeper, restorer))
        for number, block in enumerate(mine):
            if number % times == 0:
                block.load_state_dict(theirs[number // times].state_dict())
            else:
                nn.init.zeros_(block.second.weight)
                nn.init.zeros_(block.second.bias)
    if deeper.condition is not None and restorer.condition is not None:
        blocks = range(len(restorer.condition.channels))
        _take_modulation(deeper.condition, restorer.condition, blocks, times)


def _take_blocks(restorer: SwiftRestorer, deep: Sequence[int], after: Sequence[int]) -> None:
    trunk, small = restorer.trunk, restorer.mono_trunk
    assert small is not None
    small.down.load_state_dict(trunk.down.state_dict())
    small.up.load_state_dict(trunk.up.state_dict())
    for mine, there, numbers in ((small.deep, trunk.deep, deep), (small.after, trunk.after, after)):
        for block, number in zip(mine, numbers, strict=True):
            block.load_state_dict(there[number].state_dict())
    if restorer.condition and restorer.mono_condition:
        first, last = len(trunk.before), len(trunk.before) + len(trunk.deep)
        chosen = [first + number for number in deep] + [last + number for number in after]
        _take_modulation(restorer.mono_condition, restorer.condition, chosen)


@torch.no_grad()
def _take_modulation(mine: BlurCondition, theirs: BlurCondition, blocks: Sequence[int], times: int = 1) -> None:
    """Take over the hidden layer and the last layer's rows of some blocks; behind each come new ones, of zeros."""
    mine.layers[0].load_state_dict(theirs.layers[0].state_dict())
    for name in ("weight", "bias"):
        rows = torch.split(getattr(theirs.layers[-1], name), [2 * count for count in theirs.channels])
        spread = [part for block in blocks for part in (rows[block], *[torch.zeros_like(rows[block])] * (times - 1))]
        getattr(mine.layers[-1], name).copy_(torch.cat(spread))


def grow(given: argparse.Namespace) -> str:
    """Make swift larger, so that it restores as before until it is trained on with configs/sharp.toml."""
    loaded = load_weights(given.source)
    net: Any = loaded.net
    if given.times > 1:
        net = with_deeper_trunk(net, times=given.times)
    if given.doubt:
        net = with_doubt(net)
    return _write(given.target, net, {"start": {"net": loaded.card}})


def mono_trunk(given: argparse.Namespace) -> str:
    """Give swift a smaller trunk for mono images, made of blocks that it has; train it with configs/swift-mono.toml."""
    loaded = load_weights(given.source)
    net: Any = loaded.net
    return _write(
        given.target, with_mono_trunk(net, deep=given.deep, after=given.after), {"start": {"net": loaded.card}}
    )


def join(given: argparse.Namespace) -> str:
    """Put swift's estimator of one file and its restorer of another into one; the card holds the cards of both."""
    first, second = load_weights(given.estimator), load_weights(given.restorer)
    seeing: Any = first.net
    restoring: Any = second.net
    card = {key: value for key, value in second.card.items() if key != "figures"}
    card |= {"start": {"kernel_net": first.card, "restorer": second.card}}
    return _write(given.target, joined(seeing, restoring), card)


def average(given: argparse.Namespace) -> str:
    """Average one part of nets that were trained on from one start, and the start itself.

    FILE@0.4 gives a file, or the start, a weight (0 for one that only stands between the start and the next); without
    it all count alike. Such an average is often better than its parts (model soups, Wortsman et al., 2022). All else is
    that of the last file. The card counts the start's budget once, and every training after it.
    """
    files, shares = zip(*map(_weighted, [given.start, *given.files]), strict=True)
    loaded = [load_weights(file) for file in files]
    net = averaged([one.net for one in loaded], shares, given.part)
    start, *trained = (one.card for one in loaded)
    card = _average_card(given.part, start, trained) | {"shares": [share / sum(shares) for share in shares]}
    return _write(given.target, net, card)


def widen(given: argparse.Namespace) -> str:
    """Make swift's estimator state larger standard deviations of its width.

    SHIFT is added to the output that the deviation is made of; while the deviation is small that multiplies it by e to
    the SHIFT. A net that has come back to the same pairs many times is too sure of others: choose it by held-out
    photographs.
    """
    loaded = load_weights(given.source)
    net: Any = loaded.net
    with torch.no_grad():
        net.kernel_net.conclude[-1].bias[1] += given.shift
    return _write(given.target, net, loaded.card | {"widened_uncertainty": given.shift})


def ship(given: argparse.Namespace) -> str:
    """Put a model into the package: float16, with its card and what `pinsharp bench run --json` printed.

    The hash of a model covers its weights, not its card: measure what was shipped, then ship again with the figures.
    """
    loaded = load_weights(given.source)
    weights.ZOO.mkdir(exist_ok=True)
    card = loaded.card | {"name": given.name, "figures": [_figures(path) for path in given.records]}
    return _write(weights.ZOO / f"{given.name}.safetensors", loaded.net, card, half=True)


def _write(target: Path, net: nn.Module, card: dict[str, Any], *, half: bool = False) -> str:
    info = save_weights(target, net, card, half=half)
    size = target.stat().st_size / 2**20
    return f"{target}: {info.parameters / 1e6:.2f} M parameters, {size:.2f} MiB, {info.sha256}"


def _average_card(part: str, start: dict[str, Any], trained: list[dict[str, Any]]) -> dict[str, Any]:
    budget = {key: sum(one["budget"][key] for one in trained) for key in ("crops", "hours")}
    own = [{key: value for key, value in one.items() if key != "start"} for one in trained]
    device = trained[0]["budget"]["device"]
    return own[0] | {"budget": budget | {"device": device}, "start": {part: start}, "averaged_with_start": own}


def _weighted(source: str) -> tuple[str, float]:
    """File and weight of FILE or FILE@WEIGHT."""
    file, sign, weight = source.rpartition("@")
    return (file, float(weight)) if sign else (source, 1.0)


def _figures(path: Path) -> dict[str, Any]:
    """Protocol and rows of one evaluation."""
    header = json.loads(path.read_text(encoding="utf-8"))
    kept = ("mean_psnr", "aggregate_psnr", "ssim", "relative_sigma_error", "blind_gap")
    rows = {row["name"]: {key: round(row[key], 4) for key in kept if row[key] is not None} for row in header["rows"]}
    return {"data": Path(header["data"]).name, "protocol": header["protocol"], "commit": header["commit"], "rows": rows}


def _numbers(text: str) -> list[int]:
    """A list such as 0,1,3; an empty one is no block."""
    return [int(number) for number in text.split(",") if number]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, make: Any, *positional: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=make.__doc__.splitlines()[0], description=make.__doc__)
        one.set_defaults(make=make)
        for argument in positional:
            one.add_argument(argument, type=Path)
        return one

    one = command("grow", grow, "source", "target")
    one.add_argument("--times", type=int, default=1, help="blocks for each block that is there")
    one.add_argument("--doubt", action="store_true", help="tell the blocks how uncertain the width is")
    one = command("mono-trunk", mono_trunk, "source", "target")
    one.add_argument("--deep", type=_numbers, required=True, help="blocks at quarter resolution to take over: 0,1,3")
    one.add_argument("--after", type=_numbers, required=True, help="blocks behind them to take over")
    command("join", join, "target", "estimator", "restorer")
    one = command("average", average, "target")
    one.add_argument("part", help="such as kernel_net or restorer")
    one.add_argument("start", help="FILE or FILE@WEIGHT")
    one.add_argument("files", nargs="+", help="FILE or FILE@WEIGHT")
    command("widen", widen, "source", "target").add_argument("shift", type=float)
    one = command("ship", ship, "source")
    one.add_argument("name")
    one.add_argument("records", nargs="*", type=Path)
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Carry out one command and print what was written."""
    given = _parser().parse_args(arguments)
    print(given.make(given))


if __name__ == "__main__":
    main()
