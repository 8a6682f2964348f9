"""Average one part of nets that were trained on from one start, and the start itself.

Usage: python scripts/average_weights.py OUT PART START FILE ..., such as PART kernel_net. FILE@0.4 gives a file, or the
start, a weight (0 for one that only stands between the start and the next); without it all count alike.

Such an average is often better than its parts (model soups, Wortsman et al., 2022). All else is that of the last
file. The card counts the start's budget once, and every training after it.
"""

import sys
from typing import Any

from pinsharp.nets.weights import load_weights, save_weights


def card(part: str, start: dict[str, Any], trained: list[dict[str, Any]]) -> dict[str, Any]:
    """What the average says of itself."""
    budget = {key: sum(one["budget"][key] for one in trained) for key in ("crops", "hours")}
    own = [{key: value for key, value in one.items() if key != "start"} for one in trained]
    device = trained[0]["budget"]["device"]
    return own[0] | {"budget": budget | {"device": device}, "start": {part: start}, "averaged_with_start": own}


def weighted(source: str) -> tuple[str, float]:
    """File and weight of FILE or FILE@WEIGHT."""
    file, sign, weight = source.rpartition("@")
    return (file, float(weight)) if sign else (source, 1.0)


def main(target: str, part: str, *sources: str) -> None:
    """Write the mean of all parameters and statistics of the part."""
    files, weights = zip(*map(weighted, sources), strict=True)
    nets = [load_weights(file) for file in files]
    states = [net.net.state_dict() for net in nets]
    mean = {
        name: sum(weight * state[name].double() for weight, state in zip(weights, states, strict=True)) / sum(weights)
        for name in states[-1]
        if name.startswith(f"{part}.")
    }
    net = nets[-1].net
    net.load_state_dict(states[-1] | mean)
    start, *trained = (one.card for one in nets)
    shares = [weight / sum(weights) for weight in weights]
    print(save_weights(target, net, card(part, start, trained) | {"shares": shares}).sha256)


if __name__ == "__main__":
    main(*sys.argv[1:])
