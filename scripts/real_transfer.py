"""What lies between the levels of a focus series: a disc or a Gaussian, by transfer function and by what each restores.

Usage: python scripts/real_transfer.py SERIES [SERIES ...]
Prints for each level what `swift` gains in brightness with the best disc and with the best Gaussian, and the transfer
from the registered sharp level to it by frequency, beside that of the disc. Levels whose fitted width is below half a
pixel, or above 4.5, are left out.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import csd, welch

import pinsharp
from pinsharp.bench.real.scene import Scene, psnr_of, set_scene
from pinsharp.bench.real.series import CROP, brightness, find_all_series, read_middle
from pinsharp.bench.show.sheet import Box
from pinsharp.blur.between import kernel_of

LEAST, MOST = 0.5, 4.5  # pixels
WINDOW = 128  # pixels of the lines whose spectra are averaged
SHOWN = slice(2, 52, 6)  # frequencies, in steps of a cycle a window


def transfer(scene: Scene) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies in cycles a pixel, and the transfer there, of rows and columns together, real part."""
    seen, sharp = (plane[scene.part] for plane in (brightness(scene.image), scene.sharp))
    cross = power = 0.0
    for one, other in ((sharp, seen), (sharp.T, seen.T)):
        frequencies, shared = csd(one, other, nperseg=min(WINDOW, one.shape[1]), axis=-1)
        _, own = welch(one, nperseg=min(WINDOW, one.shape[1]), axis=-1)
        cross, power = cross + shared.real.mean(axis=0), power + own.mean(axis=0)
    return frequencies, cross / power


def main() -> None:
    """Print the levels, and the mean gains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", nargs="+", type=Path)
    swift, gains = pinsharp.Restorer("swift", light="linear", channels="luma"), []
    for series in find_all_series(parser.parse_args().series, None, "linear")[0]:
        sharp = brightness(read_middle(series.reference.path, CROP))
        for level in series.levels:
            image = read_middle(level.path, CROP)
            scene = set_scene(image, sharp, Box(0, 0, 32, 32), is_reference=level == series.reference)
            if scene.fitted is None or not LEAST <= scene.fitted.sigma <= MOST:
                continue
            kernels = scene.fitted.kernel, kernel_of("gaussian", scene.fitted.gaussian_sigma)
            restored = [swift(image, kernel=kernel[0, 0].numpy()).image for kernel in kernels]
            gains.append([psnr_of(scene, each) - psnr_of(scene, image) for each in restored])
            frequencies, seen = transfer(scene)
            disc = np.fft.rfft(scene.fitted.kernel[0, 0].sum(dim=0).numpy(), 2 * (len(frequencies) - 1))
            print(
                f"{series.name} {level.name}: disc {scene.fitted.sigma:.2f} px, gain {gains[-1][0]:+.2f} dB; ", end=""
            )
            print(f"gaussian {scene.fitted.gaussian_sigma:.2f} px, {gains[-1][1]:+.2f} dB")
            print("  cycles a pixel", *(f"{value:6.2f}" for value in frequencies[SHOWN]))
            print("  transfer      ", *(f"{value:6.2f}" for value in seen[SHOWN]))
            print("  of the disc   ", *(f"{value:6.2f}" for value in _signed(disc)[SHOWN]), flush=True)
    means = np.mean(gains, axis=0)
    print(f"{len(gains)} levels: disc {means[0]:+.2f} dB, gaussian {means[1]:+.2f} dB on the mean")


def _signed(spectrum: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Transfer of a symmetric kernel whose centre does not lie at 0: its modulus with the sign that it has."""
    turned = spectrum * np.exp(-1j * np.angle(spectrum[1]) * np.arange(len(spectrum)))
    return np.asarray(turned.real)


if __name__ == "__main__":
    main()
