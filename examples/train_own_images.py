"""Train a small network on images of your own, and restore with it.

    python examples/train_own_images.py examples/sample runs/tiny --steps 20

Twenty steps teach next to nothing: a real run takes hours and hundreds of sharp images (`pinsharp train`). To fit the
shipped network to your parts, use `pinsharp adapt`, which needs at least 20 sharp images and some minutes.
"""

import argparse
import sys
from pathlib import Path

import pinsharp
from pinsharp.train.config import RunConfig, StageConfig, TrainConfig
from pinsharp.train.loop import WEIGHTS, train
from pinsharp.train.state import read_log

NET = {"width": 8, "blocks": 1, "deep_width": 8, "deep_blocks": 1}


def make_config(images: Path, folder: Path, steps: int) -> TrainConfig:
    """The training of a small `swift` that is given the kernel: stage `deconv`, eq. 5 of the paper."""
    held_out = sorted(path.name for path in images.glob("*.png"))[:1]
    return TrainConfig(
        name="tiny",
        net="swift",
        config=NET,
        root=str(images),
        held_out=tuple(held_out),
        stage=(StageConfig(kind="deconv", steps=steps, batch=2, crop=96, lr=1e-3, warmup=1),),
        run=RunConfig(folder=str(folder), device="cpu", validate_every=steps, validation_crops=2, validation_size=96),
    )


def main() -> None:
    """Train, print the figures of the held-out image, and restore one image with the new weights."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("images", type=Path, help="folder of sharp images")
    arguments.add_argument("folder", type=Path, help="a new folder for weights, log and pictures")
    arguments.add_argument("--steps", type=int, default=20)
    asked = arguments.parse_args()
    train(make_config(asked.images, asked.folder, asked.steps), quiet=True)
    last = next(line for line in reversed(read_log(asked.folder)) if "psnr" in line)
    print(f"held-out crops: {last['blurred_psnr']:.2f} dB blurred, {last['psnr']:.2f} dB restored with the true kernel")

    image = sorted(asked.images.glob("*.png"))[0]
    result = pinsharp.restore(image, model=asked.folder / WEIGHTS, kernel="gaussian:1.5", force=True)
    print(f"{image.name}: {result}")


if __name__ == "__main__":
    try:
        main()
    except pinsharp.PinsharpError as error:
        sys.exit(f"{error}")
