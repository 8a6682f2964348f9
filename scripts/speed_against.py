"""How much faster are two nets here than in another checkout, and one than the other?

    python scripts/speed_against.py OLD                  # OLD: folder of the other checkout
    python scripts/speed_against.py OLD --side 1024 --rounds 7 --precision float32 bfloat16

`udbd` as it ships and `nafnet` of configs/shipped/nafnet.toml, which has as many parameters, restore one colour image
blind, on one thread. Each checkout works in a process of its own; they take turns, image by image, so that what else
the machine does hits both. Figures are the least processor seconds of all rounds. Results are compared too.
"""

import argparse
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
NETS = ("udbd", "nafnet")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, nargs="?")
    parser.add_argument("--side", type=int, default=1024, help="of the image in pixels")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--precision", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--work", nargs=2, metavar=("SIDE", "PRECISION"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(int(options.work[0]), options.work[1])
        return
    if options.old is None or not (options.old / "src" / "pinsharp").is_dir():
        parser.error(f"expected the folder of another checkout, got {options.old}")
    print("| precision | net | old, MP/s | new, MP/s | new / old | largest difference |\n|---|---|---|---|---|---|")
    for precision in options.precision:
        checkouts = [started(folder, options.side, precision) for folder in (options.old.resolve(), HERE)]
        report(checkouts, options.side, options.rounds, precision)
        for checkout in checkouts:
            assert checkout.stdin is not None
            checkout.stdin.close()
            checkout.wait()


def report(checkouts: list[subprocess.Popen[str]], side: int, rounds: int, precision: str) -> None:
    """Print a line for each net, and how the nets compare."""
    least: dict[tuple[str, int], float] = {}
    differences = {}
    for _ in range(rounds + 1):  # the first is to warm up
        for net in NETS:
            done = [asked(checkout, net) for checkout in checkouts]
            for place, answer in enumerate(done):
                least[net, place] = min(least.get((net, place), float("inf")), answer["seconds"])
            pairs = zip(done[0]["pixels"], done[1]["pixels"], strict=True)
            differences[net] = max(abs(one - other) for one, other in pairs)
    speed = {key: side * side / 1e6 / seconds for key, seconds in least.items()}
    for net in NETS:
        old, new = speed[net, 0], speed[net, 1]
        print(f"| {precision} | {net} | {old:.2f} | {new:.2f} | {new / old:.2f} | {differences[net]:.1e} |")
    today, both = speed["udbd", 1] / speed["nafnet", 0], speed["udbd", 1] / speed["nafnet", 1]
    print(
        f"\n{precision}: udbd is {today:.2f} times as fast as the old nafnet, {both:.2f} times as the new.\n",
        flush=True,
    )


def started(checkout: Path, side: int, precision: str) -> subprocess.Popen[str]:
    """A process that restores with the code of a checkout."""
    return subprocess.Popen(
        [sys.executable, __file__, "--work", str(side), precision],
        env={**os.environ, "PYTHONPATH": str(checkout / "src"), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def asked(checkout: subprocess.Popen[str], net: str) -> dict[str, object]:
    """What a process answers when it is told to restore with a net."""
    assert checkout.stdin is not None
    assert checkout.stdout is not None
    print(net, file=checkout.stdin, flush=True)
    line = checkout.stdout.readline()
    if not line:
        sys.exit(f"a checkout could not restore with {net}")
    return json.loads(line)


def work(side: int, precision: str) -> None:
    """Restore with the net of each line that comes in, and answer with the time and some pixels."""
    import time

    import torch

    from pinsharp.allocator import keep_freed_memory
    from pinsharp.methods.files import net_method
    from pinsharp.methods.shipped import ShippedSwift
    from pinsharp.methods.table import load_method
    from pinsharp.nets.registry import build_net
    from pinsharp.nets.weights import LoadedNet, WeightsInfo

    keep_freed_memory()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = tomllib.loads((HERE / "configs" / "shipped" / "nafnet.toml").read_text(encoding="utf-8"))["config"]
    net = build_net("nafnet", config).eval()
    for parameter in net.parameters():  # blocks begin as the identity, which would hide a difference
        parameter.data.add_(torch.randn(parameter.shape) * 0.02)
    lender = ShippedSwift(torch.device("cpu"), precision)
    info = WeightsInfo("nafnet", {}, {}, "untrained", 0)
    methods = {
        "udbd": load_method("udbd", precision=precision),
        "nafnet": net_method(LoadedNet(net, info), name="nafnet", lender=lender, precision=precision),
    }
    image = torch.rand(1, 3, side, side)
    for _ in range(2):
        image = torch.nn.functional.avg_pool2d(image, 5, 1, 2, count_include_pad=False)
    for line in sys.stdin:
        begun = time.process_time()
        restored = methods[line.strip()](image).image
        seconds = time.process_time() - begun
        print(json.dumps({"seconds": seconds, "pixels": restored.flatten()[::997].tolist()}), flush=True)


if __name__ == "__main__":
    main()
