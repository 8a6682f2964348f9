"""Print one line for a training run: parameters, validation PSNR, speed on a 1-megapixel colour image.

Usage: python scripts/model_speed.py NAME RUN_FOLDER
"""

import sys
import time
from pathlib import Path
from statistics import median

import torch

from pinsharp.allocator import keep_freed_memory
from pinsharp.methods.table import load_method
from pinsharp.nets.weights import read_info
from pinsharp.train.state import read_log


def speed(path: Path, precision: str, repeats: int = 5) -> float:
    """Megapixels per second of a blind restoration, the median of a few runs after one that does not count."""
    method = load_method(str(path), precision=precision)
    image = torch.rand(1, 3, 1024, 1024, generator=torch.Generator().manual_seed(0))
    seconds = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        method(image)
        seconds.append(time.perf_counter() - begun)
    return 1024 * 1024 / 1e6 / median(seconds[1:])


def main(name: str, folder: Path) -> None:
    """Read the run's figures and time its model."""
    keep_freed_memory()
    weights = folder / "model.safetensors"
    last = [record for record in read_log(folder) if "psnr" in record][-1]
    fast, exact = speed(weights, "bfloat16"), speed(weights, "float32")
    print(
        f"| {name} | {read_info(weights).parameters / 1e6:.2f} | {last['psnr']:.2f} | "
        f"{fast:.2f} | {exact:.2f} | {torch.get_num_threads()} |",
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
