"""Which files of a folder are completely written, in the order in which they became so."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pinsharp.batch.fingerprint import Look, identity_of, look
from pinsharp.images.discover import images_below, images_in, unlisted


@dataclass
class _Seen:
    """A file, or a folder that is one image, as it was last seen."""

    look: Look
    since_s: float  # when it was first seen like this, on the monotonic clock
    not_before_s: float = 0.0  # when it may be taken, if it was put off
    is_taken: bool = False  # whether it was


class Arrivals:
    """The images in a folder, hidden ones left out; those in folders below too if it is `deep`, but not in `apart`.

    An image counts as completely written when its size and its time of change have stood still for `settle_s` seconds.
    One that was moved in, finished long ago, counts at once, as do those that are there at the beginning. Instead of
    the images in the folder, `listed` may give others.
    """

    def __init__(
        self,
        folder: Path,
        settle_s: float,
        listed: Callable[[], Sequence[Path]] | None = None,
        *,
        deep: bool = False,
        apart: Iterable[Path] = (),
    ) -> None:
        self.folder = folder
        self.settle_s = settle_s
        self.refused: list[Path] = []  # folders below that could not be listed
        self._deep, self._apart = deep, list(apart)
        self._listed = listed or self._images
        self._seen: dict[Path, _Seen] = {}

    def look(self) -> None:
        """Look what is there now.

        Raises:
            ImageError: If the folder cannot be listed.
        """
        now = time.monotonic()
        seen: dict[Path, _Seen] = {}
        for path in self._listed():
            try:
                now_seen = look(path)
            except OSError:  # gone again
                continue
            known = self._seen.get(path)
            is_known = known is not None and known.look.identity == now_seen.identity
            seen[path] = known if known is not None and is_known else _Seen(now_seen, now)
        self._seen = seen

    def _images(self) -> list[Path]:
        if not self._deep:
            return images_in(self.folder)
        images, tree = images_below(self.folder, apart=self._apart)
        for folder, error in tree.refused:
            if folder == self.folder:
                raise unlisted(folder, error) from error
        self.refused = [folder for folder, _ in tree.refused]
        return images

    def ready(self) -> Sequence[Path]:
        """Those that are complete and not taken, in the order in which they were completed."""
        paths = [path for path, seen in self._seen.items() if not seen.is_taken and self._is_complete(seen)]
        return sorted(paths, key=lambda path: (self.completed_ns(path), path.name))

    def completed_ns(self, path: Path) -> int:
        """When a file that was seen came to be as it is, in nanoseconds since 1970."""
        return self._seen[path].look.ctime_ns

    def known(self) -> Sequence[Path]:
        """All that was seen at the last look."""
        return list(self._seen)

    def is_waiting(self) -> bool:
        """Whether some are not taken yet."""
        return any(not seen.is_taken for seen in self._seen.values())

    def take(self, path: Path) -> None:
        """Do not show a file again until it changes."""
        if path in self._seen:
            self._seen[path].is_taken = True

    def put_off(self, path: Path, seconds: float) -> None:
        """Show a file again, but not before some time, unless it changes."""
        if path in self._seen:
            self._seen[path].is_taken = False
            self._seen[path].not_before_s = time.monotonic() + seconds

    def has_changed(self, path: Path) -> bool:
        """Whether a file that is there has changed since it was taken, be that seen already or not."""
        seen = self._seen.get(path)
        identity = identity_of(path)
        return identity is not None and (seen is None or not seen.is_taken or seen.look.identity != identity)

    def age_s(self, path: Path) -> float:
        """For how many seconds a file has stood still; infinite if it is not there."""
        seen = self._seen.get(path)
        if seen is None:
            return float("inf")
        return _age_s(seen)

    def _is_complete(self, seen: _Seen) -> bool:
        return _age_s(seen) >= self.settle_s and time.monotonic() >= seen.not_before_s


def _age_s(seen: _Seen) -> float:
    return max(time.monotonic() - seen.since_s, time.time() - seen.look.mtime_ns / 1e9)
