"""Make swift's estimator state larger standard deviations of its width.

Usage: python scripts/widen_uncertainty.py SOURCE TARGET SHIFT

SHIFT is added to the output that the deviation is made of; while the deviation is small that multiplies it by e to the
SHIFT. A net that has come back to the same pairs many times is too sure of others: choose it by held-out photographs.
"""

import sys
from typing import Any

import torch

from pinsharp.nets.weights import load_weights, save_weights


def main(source: str, target: str, shift: str) -> None:
    """Write the net with the larger deviations."""
    loaded = load_weights(source)
    net: Any = loaded.net
    with torch.no_grad():
        net.kernel_net.conclude[-1].bias[1] += float(shift)
    print(save_weights(target, net, loaded.card | {"widened_uncertainty": float(shift)}).sha256)


if __name__ == "__main__":
    main(*sys.argv[1:])
