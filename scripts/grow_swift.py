"""Make swift larger, so that it restores as before until it is trained on.

Usage: python scripts/grow_swift.py SOURCE TARGET [--times 2] [--doubt]

--times puts new residual blocks behind each of the trunk's, --doubt tells all of them how uncertain a measured width
is. Train the result with configs/sharp.toml, which says the rest.
"""

import argparse
from typing import Any

from pinsharp.nets.growth import with_deeper_trunk, with_doubt
from pinsharp.nets.weights import load_weights, save_weights

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--times", type=int, default=1, help="blocks for each block that is there")
    parser.add_argument("--doubt", action="store_true", help="tell the blocks how uncertain the width is")
    given = parser.parse_args()
    loaded = load_weights(given.source)
    net: Any = loaded.net
    if given.times > 1:
        net = with_deeper_trunk(net, times=given.times)
    if given.doubt:
        net = with_doubt(net)
    info = save_weights(given.target, net, {"start": {"net": loaded.card}})
    print(f"{given.target}: {info.parameters / 1e6:.2f} M parameters")
