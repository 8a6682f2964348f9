"""What `pinsharp adapt` brings: particles found on simulated panels, and decibels on a circuit board.

Usage: python scripts/adapt_check.py panels WORK [--minutes 20] [--model FILE]
       python scripts/adapt_check.py boards WORK --photographs TRAINING_CORPUS [--minutes 20] [--model FILE]
WORK keeps the sharp images and the adapted model; run again, it goes on. With --model no net is adapted.

Panels: adapted on 40 sharp ones, judged on ten others with a defocus of sigma 2. Boards: adapted on windows of one half
of a photograph of boards, judged on the other half, which the start has been trained on too, like all of the corpus.
"""

import argparse
from pathlib import Path
from statistics import mean

import numpy as np

import pinsharp
from pinsharp.adapt.adapt import Plan, adapt, check_out, judge, prepare
from pinsharp.adapt.gains import HeldOut, Restore, compare, restored_psnr, table
from pinsharp.bench.detection.scene import Setup, Shot
from pinsharp.bench.detection.scene import judge as judge_panel
from pinsharp.blur.kernel_names import parse_kernel
from pinsharp.detect.panel_set import PanelSet, write_panels
from pinsharp.images.files import read_image, write_image

TRAINED_SEEDS, JUDGED_SEEDS = range(100, 140), range(20, 30)
BLUR = "gaussian:2"
BOARDS = ("budgie_hist_0107_1.webp", "budgie_hist_0107_2.webp")
"""The only photograph of circuit boards in the corpus: two crops of it."""
WINDOW, STEP = 320, 64  # of the windows cut out of a board, pixels


def main() -> None:
    """Adapt, unless a model is given, and print what it brings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("panels", "boards"))
    parser.add_argument("work", type=Path)
    parser.add_argument("--photographs", type=Path, help="training corpus, for boards")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--model", help="adapted already")
    asked = parser.parse_args()
    if asked.what == "boards" and asked.photographs is None:
        parser.error("boards need --photographs")
    asked.work.mkdir(parents=True, exist_ok=True)
    if asked.what == "panels":
        print(panels_found(asked.model or adapted(sharp_panels(asked.work), asked.minutes)))
    else:
        trained, judged = (windows_of(asked.photographs / name, asked.work / Path(name).stem) for name in BOARDS)
        print(board_gain(asked.model or adapted(trained, asked.minutes), judged))


def adapted(folder: Path, minutes: float) -> str:
    """The model that is adapted to a folder of sharp images, beside it."""
    plan = Plan(folder, folder.with_suffix(".safetensors"), minutes)
    if not plan.out.exists():
        check_out(plan)
        config = prepare(plan, say=print, stop=lambda: False, advance=lambda: None)
        adapt(plan, config, stop=lambda: False)
        for gains in judge(plan, config, stop=lambda: False, advance=lambda: None).gains:
            print(table(gains), flush=True)
    return str(plan.out)


def sharp_panels(work: Path) -> Path:
    """Simulate the panels to adapt to."""
    folder = work / "panels"
    if not folder.exists():
        write_panels(PanelSet(folder, TRAINED_SEEDS))
    return folder


def panels_found(model: str) -> str:
    """F1 and false alarms on panels that the model has not seen, as lines of text."""
    setup, kernel = Setup(), parse_kernel(BLUR)
    sharp = [Shot(setup, seed) for seed in JUDGED_SEEDS]
    blurred = [Shot(setup, seed, kernel) for seed in JUDGED_SEEDS]
    images = {"sharp": [shot.image for shot in sharp], "blurred": [shot.image for shot in blurred]}
    for name in ("swift", model):
        restorer = pinsharp.Restorer(name)
        images[name] = [restorer(image).image for image in images["blurred"]]
    lines = [f"{len(JUDGED_SEEDS)} panels, defocus {BLUR}: F1, of sharp; false alarms, of sharp"]
    best: tuple[float, float] | None = None
    for name, taken in images.items():
        scores = [judge_panel(shot, image).scores for shot, image in zip(sharp, taken, strict=True)]
        found = (mean(score.f1 for score in scores), float(sum(score.false_alarms for score in scores)))
        best = best or found
        ratios = f"{found[0]:.3f} {found[0] / best[0]:.2f}; {found[1]:.0f} {found[1] / max(best[1], 1):.2f}"
        lines.append(f"{Path(name).stem:12} {ratios}")
    return "\n".join(lines)


def windows_of(photograph: Path, folder: Path) -> Path:
    """Cut a photograph into overlapping windows."""
    folder.mkdir(parents=True, exist_ok=True)
    pixels = read_image(photograph).pixels
    for top in range(0, pixels.shape[0] - WINDOW + 1, STEP):
        for left in range(0, pixels.shape[1] - WINDOW + 1, STEP):
            window = np.ascontiguousarray(pixels[top : top + WINDOW, left : left + WINDOW])
            write_image(folder / f"window{top:04}x{left:04}.png", window, overwrite=True)
    return folder


def restoring(model: str) -> Restore:
    """What restores 8-bit images blindly by a model."""
    restorer = pinsharp.Restorer(model)
    return lambda image: restorer(image).image


def board_gain(model: str, folder: Path) -> str:
    """Gain in dB on windows that the model has not seen, as lines of text."""
    held_out = HeldOut({"own": sorted(folder.glob("*.png"))}, is_mono=False)
    start, after = (restored_psnr(held_out, restoring(name)) for name in ("swift", model))
    gains = compare(restored_psnr(held_out, None), start, after)
    return f"{table(gains)}\nmean {gains.mean:+.3f} dB, at least {gains.worst.db:+.3f}"


if __name__ == "__main__":
    main()
