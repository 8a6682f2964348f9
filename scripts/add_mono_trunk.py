"""Give swift a smaller trunk for mono images, started from some residual blocks of the trunk that it has.

Usage: python scripts/add_mono_trunk.py SOURCE TARGET --deep 0,1,3 --after 1

Train it with configs/swift-mono.toml, which says the rest.
"""

import argparse
from typing import Any

from pinsharp.nets.mono_trunk import with_mono_trunk
from pinsharp.nets.weights import load_weights, save_weights


def numbers(text: str) -> list[int]:
    """Read a list such as 0,1,3; an empty one is no block."""
    return [int(number) for number in text.split(",") if number]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--deep", type=numbers, required=True, help="blocks at quarter resolution to take over")
    parser.add_argument("--after", type=numbers, required=True, help="blocks behind them to take over")
    given = parser.parse_args()
    loaded = load_weights(given.source)
    net: Any = loaded.net
    grown = with_mono_trunk(net, deep=given.deep, after=given.after)
    info = save_weights(given.target, grown, {"start": {"net": loaded.card}})
    print(f"{given.target}: {info.parameters / 1e6:.2f} M parameters")
