"""The images that a command is asked for, with the place of each in the tree of its results."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pinsharp.cli.messages import remark
from pinsharp.images.discover import Found, find_images, find_in_trees


def asked_images(inputs: Sequence[str], *, recursive: bool, apart: Iterable[Path | None] = ()) -> list[Found]:
    """List the images that are asked for; with `recursive` those in folders below too, but not in those `apart`.

    Raises:
        ImageError: If an input does not exist, leads to no image, or cannot be listed.
    """
    if not recursive:
        return [Found(path) for path in find_images(inputs, deeper="--recursive searches them")]
    search = find_in_trees(inputs, apart=[folder for folder in apart if folder is not None])
    if search.unfollowed:
        more = f" (and {len(search.unfollowed) - 1} more)" if len(search.unfollowed) > 1 else ""
        remark(
            f"{search.unfollowed[0]}{more}: not followed: a link to a folder that is searched already, or that holds it"
        )
    return search.images
