"""Give swift a deeper trunk that restores as its own does until it is trained on.

Usage: python scripts/deepen_trunk.py SOURCE TARGET --times 2

Train it with configs/sharp.toml, which says the rest.
"""

import argparse
from typing import Any

from pinsharp.nets.deeper_trunk import with_deeper_trunk
from pinsharp.nets.weights import load_weights, save_weights

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--times", type=int, default=2, help="blocks for each block that is there")
    given = parser.parse_args()
    loaded = load_weights(given.source)
    net: Any = loaded.net
    deeper = with_deeper_trunk(net, times=given.times)
    info = save_weights(given.target, deeper, {"start": {"net": loaded.card}})
    print(f"{given.target}: {info.parameters / 1e6:.2f} M parameters")
