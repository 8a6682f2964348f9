"""Restore an array: measure its blur, bring it back, and ask how sure all that is.

python examples/restore_array.py examples/sample/chart.png restored.png
"""

import sys

import pinsharp


def main(source: str, target: str) -> None:
    """Restore the image `source` and write it to `target`."""
    file = pinsharp.read_image(source)
    array = file.pixels  # uint8, uint16 or float32 in [0, 1]; (H, W), (H, W, 3) or (H, W, 4)

    restorer = pinsharp.Restorer()  # loads the network once; then call it for each image
    result = restorer(array)
    low, high = result.defocus.interval
    print(f"blur: sigma {result.sigma:.2f} px, 90 % interval {low:.2f} to {high:.2f} px; {result.defocus.verdict}")
    if not result.is_restored:
        print(f"left as it is: {result.reason}")
        return

    print(f"the result explains the image up to {255 * result.residual:.2f} grey levels of 256")
    unsupported = result.unsupported  # (H, W): 0 recovered from the image, 1 only found likely
    print(f"share of the detail that was only found likely: {unsupported.mean():.0%}")
    pinsharp.write_image(target, result.image, like=file)  # keeps resolution, colour profile and tags


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3])
    except pinsharp.PinsharpError as error:
        sys.exit(f"{error}")
