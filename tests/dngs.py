"""Small DNGs of a Bayer mosaic, made with tifffile."""

import tifffile

BYTE, ASCII, SHORT, RATIONAL = 1, 2, 3, 10


def write_dng(path, counts, *, pattern="RGGB", black=(0, 0, 0, 0), white=4095, more=(), **options):
    """Write counts (H, W) as a DNG whose 2 x 2 colours and black levels are given row by row."""
    tags = [
        (33421, SHORT, 2, (2, 2)),
        (33422, BYTE, 4, bytes("RGB".index(letter) for letter in pattern)),
        (271, ASCII, 0, "Pin"),
        (272, ASCII, 0, "Sharp One"),
        (274, SHORT, 1, 6),
        (50706, BYTE, 4, bytes([1, 4, 0, 0])),  # DNG 1.4
        (50708, ASCII, 0, "Pin Sharp One"),
        (50713, SHORT, 2, (2, 2)),
        (50714, SHORT, 4, black),
        (50717, SHORT, 1, white),
        (50721, RATIONAL, 9, (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1)),  # camera colours are XYZ
        (50778, SHORT, 1, 21),  # daylight
        *more,
    ]
    options = {"photometric": "cfa", "metadata": None, "extratags": [(*tag, True) for tag in tags]} | options
    tifffile.imwrite(path, counts, **options)
    return path


def mosaic_of(colours, pattern):
    """The mosaic (H, W) that a sensor with a pattern sees of colours (H, W, 3)."""
    mosaic = colours[..., 1].copy()
    for number, letter in enumerate(pattern):
        place = slice(number // 2, None, 2), slice(number % 2, None, 2)
        mosaic[place] = colours[..., "RGB".index(letter)][place]
    return mosaic
