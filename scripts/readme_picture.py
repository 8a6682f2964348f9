"""Stack the side-by-side pictures that `make demo` has made into the one of the README.

Usage: make demo && python scripts/readme_picture.py demo docs/images/demo.webp
"""

import sys
from pathlib import Path

from PIL import Image

WIDTH, GAP = 700, 12


def main(folder: str, out: str) -> None:
    """Scale the pictures to one width and set them below each other, by name."""
    pictures = []
    for path in sorted(Path(folder).glob("*.side-by-side.png")):
        picture = Image.open(path).convert("RGB")
        pictures.append(
            picture.resize((WIDTH, round(picture.height * WIDTH / picture.width)), Image.Resampling.LANCZOS)
        )
    sheet = Image.new("RGB", (WIDTH, sum(picture.height + GAP for picture in pictures)), "white")
    top = 0
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height + GAP
    sheet.save(out, quality=88)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
