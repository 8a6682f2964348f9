"""What a million images an hour take: machines, money and the head's time, by simulation from measured rates.

    python scripts/cluster_cost.py [--seconds 1.1] [--head-ms 2] [--cores 16] [--price 0.25] [--life-hours 6] ...

Nodes are asked for when the run begins, are there after a while and load their models; each core restores an image at a
time, in about so many seconds. A node lives for a random time (machines at a low price are taken away), loses what its
cores were at, and another one comes. Results take the head's time one after another. Rates are those that
`scripts/cluster_speed.py` measures; prices are yours to give.
"""

import argparse
import heapq
import random
from dataclasses import dataclass

MOST_EVENTS = 200_000
"""Of more images, several count as one event."""


@dataclass(frozen=True)
class Rates:
    """What was measured or is assumed; times in seconds."""

    seconds: float  # an image, on one core
    spread: float  # standard deviation of that, as a share of it
    head: float  # an image, of the head
    boot: float  # from asking for a node to its first image
    life: float  # mean time until a node is taken away
    cores: int  # of a node


def simulate(images: int, nodes: int, rates: Rates, seed: int = 0) -> tuple[float, int]:
    """Seconds until all images are done, and how many were begun and lost."""
    chance = random.Random(seed)
    together = -(-images // MOST_EVENTS)
    seconds, head = rates.seconds * together, rates.head * together
    deaths = [rates.boot + chance.expovariate(1 / rates.life) for _ in range(nodes)]
    free = [(rates.boot + chance.random() * seconds, node) for node in range(nodes) for _ in range(rates.cores)]
    heapq.heapify(free)
    left, lost, head_free = -(-images // together), 0, 0.0
    while left:
        begin, node = heapq.heappop(free)
        if begin > deaths[node]:  # the first core of what has come in the place of a dead node
            deaths[node] = begin + chance.expovariate(1 / rates.life)
        takes = max(0.2 * seconds, chance.gauss(seconds, rates.spread * seconds / together**0.5))
        if begin + takes > deaths[node]:
            lost += 1
            heapq.heappush(free, (deaths[node] + rates.boot, node))
            continue
        head_free = max(head_free, begin + takes) + head
        left -= 1
        heapq.heappush(free, (begin + takes, node))
    return head_free, lost  # of several images as one, one is lost


def fewest(images: int, within: float, rates: Rates) -> int | None:
    """Fewest nodes that do so many images in so many seconds; None if the head alone would take longer."""
    if images * rates.head > within - rates.boot - rates.seconds:
        return None
    low, high = 0, 1
    while simulate(images, high, rates)[0] > within:
        low, high = high, 2 * high
        if high > 1 << 14:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if simulate(images, middle, rates)[0] <= within else (middle, high)
    return high


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=1.1, help="of an image on one core")
    parser.add_argument("--spread", type=float, default=0.2)
    parser.add_argument("--head-ms", type=float, default=2.0, help="of the head, an image")
    parser.add_argument("--boot", type=float, default=120.0, help="seconds from asking for a node to its first image")
    parser.add_argument("--life-hours", type=float, default=6.0, help="mean time until a node is taken away")
    parser.add_argument("--cores", type=int, default=16)
    parser.add_argument("--price", type=float, default=0.25, help="of a node an hour")
    asked = parser.parse_args()
    rates = Rates(
        asked.seconds, asked.spread, asked.head_ms / 1000, asked.boot, 3600 * asked.life_hours, asked.cores
    )  # fmt: skip
    within = 3600 * asked.hours
    nodes = fewest(asked.images, within, rates)
    busy = asked.images * rates.head / within
    print(f"head: busy {100 * busy:.0f} % of the time, {1 / rates.head:.0f} images a second at most")
    if nodes is None:
        print("no number of nodes is enough: divide the images among several runs")
        return
    print("| nodes | cores | hours | images lost and made again | price | price of 1000 images |")
    print("|---|---|---|---|---|---|")
    for count in sorted({max(1, nodes // 2), nodes, round(1.25 * nodes)}):
        seconds, lost = simulate(asked.images, count, rates)
        price = asked.price * count * seconds / 3600
        print(
            f"| {count} | {count * rates.cores} | {seconds / 3600:.2f} | {lost} | {price:.2f} | "
            f"{1000 * price / asked.images:.4f} |"
        )


if __name__ == "__main__":
    main()
