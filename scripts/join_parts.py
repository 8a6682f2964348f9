"""Put swift's estimator of one weights file and its restorer of another into one file.

Usage: python scripts/join_parts.py OUT ESTIMATOR RESTORER

Settings of each part come from its own file, and the card holds the cards of both.
"""

import sys
from dataclasses import asdict, replace
from typing import Any

from pinsharp.nets.swift.swift import Swift
from pinsharp.nets.weights import load_weights, save_weights


def main(target: str, estimator: str, restorer: str) -> None:
    """Write the joined net."""
    first, second = load_weights(estimator), load_weights(restorer)
    seeing: Any = first.net
    restoring: Any = second.net
    settings = {name: value for name, value in asdict(seeing.config).items() if name.startswith("kernel_")}
    net = Swift(replace(restoring.config, **settings))
    net.kernel_net.load_state_dict(seeing.kernel_net.state_dict())
    net.restorer.load_state_dict(restoring.restorer.state_dict())
    card = {key: value for key, value in second.card.items() if key != "figures"}
    joined = card | {"start": {"kernel_net": first.card, "restorer": second.card}}
    print(save_weights(target, net, joined).sha256)


if __name__ == "__main__":
    main(*sys.argv[1:])
