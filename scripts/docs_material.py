"""The files that the commands of docs/ name, small and made of the samples, in a folder: `make(folder)`."""

import shutil
from pathlib import Path

import cv2
import numpy as np

from formats_samples import by_zarr
from pinsharp.images.files import write_image

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "examples" / "sample"
EDGE_DEGREES = 5


def make(folder: Path) -> None:
    """Write them all: images in and out of focus, folders of images, a strip, an edge, containers, a video."""
    shutil.copytree(SAMPLE, folder / "examples" / "sample")
    blurred, sharp = (cv2.imread(str(SAMPLE / name)) for name in ("board.png", "board-in-focus.png"))
    for name in ("board.png", "target.png", "a.png"):
        cv2.imwrite(str(folder / name), blurred)
    cv2.imwrite(str(folder / "b.png"), blurred[::-1])
    cv2.imwrite(str(folder / "sharp.png"), sharp)
    cv2.imwrite(str(folder / "chart.png"), edge())
    for name in ("strips/1.png", "strips/2.png", "incoming/1.png", "incoming/2.png", "lots/7/0.png", "lots/8/0.png"):
        _write(folder / name, blurred[200:400] if "1" in name else blurred[:200])
    for number, name in enumerate(("SHARP/1.png", "SHARP/2.png")):
        _write(folder / name, sharp[240 * number : 240 * (number + 1)])
    for level in range(3):
        _write(folder / "series" / f"{level}.png", cv2.GaussianBlur(sharp, (0, 0), level) if level else sharp)
    np.save(folder / "widths.npy", np.full((2, 2), 1.6))
    counts = (blurred[..., 1].astype(np.uint16) << 4) + 7
    write_image(folder / "strip.tif", counts)
    containers(folder, counts)


def containers(folder: Path, counts: np.ndarray) -> None:
    """An HDF5 dataset, an OME-Zarr and a video, by the libraries that are extras."""
    import av
    import h5py

    with h5py.File(folder / "scan.h5", "w") as file:
        file.create_dataset("entry/data", data=counts << 4)
    by_zarr(counts << 4, "0.4")(folder / "slide.zarr")
    with av.open(str(folder / "clip.mkv"), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = *counts.shape, "gray"
        for _ in range(3):
            out.mux(stream.encode(av.VideoFrame.from_ndarray((counts >> 4).astype(np.uint8), format="gray")))
        out.mux(stream.encode())


def edge() -> np.ndarray:
    """A dark square, some degrees off the grid, blurred by one pixel, with noise: in colour, as large as the board."""
    fine, (height, width) = 8, (520, 240)
    centre = (width * fine / 2, height * fine / 2)
    corners = cv2.boxPoints((centre, (width * fine / 2,) * 2, EDGE_DEGREES)).astype(np.int32)
    square = cv2.fillConvexPoly(np.full((height * fine, width * fine), 200, np.uint8), corners, 40)
    image = cv2.resize(square.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(0).normal(0, 0.7, (height, width, 3))
    return np.clip(np.round(cv2.GaussianBlur(image, (0, 0), 1.0)[..., None] + noise), 0, 255).astype(np.uint8)


def _write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)
