"""One image larger than memory, restored by several actors together, to the last bit as by one.

One actor, the conductor, opens the image, measures its blur once and writes the result; its windows are restored by
helpers, each of which opens the image too and gets the blur. Only methods whose windows are what the whole image
becomes can do so; of all others, of several iterations and of channels taken by themselves the conductor restores all.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.batch.job import Figures, Job, Work
from pinsharp.batch.work import restore_job
from pinsharp.blur.continuation import Read
from pinsharp.blur.field import BlurField
from pinsharp.blur.levels import Levels
from pinsharp.cluster.address import Address
from pinsharp.cluster.store import Store
from pinsharp.errors import PinsharpError
from pinsharp.methods.method import Deblurred, RestoreWindow, WindowedMethod, has_exact_windows
from pinsharp.restoration.restorer import Restorer
from pinsharp.restoration.sources import open_source

MOST_BANDS = 4
"""Bands of windows that a helper restores in a row: at each start it makes its deconvolved copies again."""

Known = tuple[BlurField, Levels | None]
"""The blur of an image as a whole, and place by place where it varies."""


@dataclass(frozen=True)
class Share:
    """What a helper is asked for: one band of windows of an image.

    Attributes:
        image: Where the image is.
        number: Which preparation this is for: an image may be restored twice, with another blur.
        shape: Channels, height and width.
        side: Height and width of the windows; those at the right and below may be smaller.
        top: First row of the band.
    """

    image: Path
    number: int
    shape: tuple[int, int, int]
    side: tuple[int, int]
    top: int

    @property
    def rows(self) -> slice:
        """The rows of the band."""
        return slice(self.top, min(self.top + self.side[0], self.shape[1]))

    @property
    def columns(self) -> list[slice]:
        """The columns of its windows."""
        _, _, width = self.shape
        return [slice(left, min(left + self.side[1], width)) for left in range(0, width, self.side[1])]


class Rows:
    """An image as a helper sees it: open, with what restores its windows.

    Args:
        share: One band of it.
        known: Its blur.
        restorer: What restores.
    """

    def __init__(self, share: Share, known: Known, restorer: Restorer) -> None:
        method = restorer.method
        assert has_exact_windows(method)
        with ExitStack() as stack:
            path = _here(share.image, stack)
            self.source = stack.enter_context(open_source(path, restorer.recipe))
            read = self.source.parts[0].look  # bands of others lie between those that are asked for
            self._layers = method.layers
            self._restore = method.window_restorer(read, share.shape, known[0], largest=share.side, levels=known[1])
            self._stack = stack.pop_all()

    def restored(self, share: Share) -> NDArray[np.float32]:
        """The restored windows of a band, side by side: (1, layers C, h, W)."""
        channels, _, width = share.shape
        band = np.empty((1, self._layers * channels, share.rows.stop - share.rows.start, width), np.float32)
        for columns in share.columns:
            band[..., columns] = self._restore(share.rows, columns).numpy()
        return band

    def close(self) -> None:
        """Close the image."""
        self._stack.close()


def conducted(job: Job, restorer: Restorer, helpers: list[Any]) -> Work:
    """What carries out a job whose windows helpers restore, where they can; actors with a method `rows`."""
    method, recipe = restorer.method, restorer.recipe
    is_one = recipe.iterations == 1 and recipe.channels != "each" and recipe.planes is None
    if helpers and is_one and has_exact_windows(method):
        shared = SharedMethod(method, job.input, _Helpers(helpers, restorer))
        restorer = Restorer(shared, recipe=recipe, keep_memory=False)

    def work(local: Job) -> Figures:
        return restore_job(local, restorer=restorer)

    return work


@dataclass
class _Helpers:
    """Actors that restore bands; one that dies is replaced by the others, and by this process in the end."""

    actors: list[Any]
    restorer: Restorer
    number: int = 0
    _own: Rows | None = field(default=None)

    def bands(self, first: Share, known: Known) -> Iterator[NDArray[np.float32]]:
        """All bands of an image, from top to bottom; some ahead of what is taken."""
        import ray

        self.number += 1
        shares = [replace(first, number=self.number, top=top) for top in range(0, first.shape[1], first.side[0])]
        together = max(1, min(MOST_BANDS, math.ceil(len(shares) / (2 * len(self.actors)))))
        blur, asked = ray.put(known), deque[tuple[int, Any, Any]]()
        for number, share in enumerate(shares):
            ahead = (number // together + len(self.actors)) * together if self.actors else 0
            for later in range(number + len(asked), min(ahead, len(shares))):
                asked.append(self._asked(later // together, shares[later], blur))
            yield self._answer(asked, share, known, blur)
        if self._own is not None:
            self._own.close()
            self._own = None

    def _asked(self, group: int, share: Share, blur: Any) -> tuple[int, Any, Any]:
        actor = self.actors[group % len(self.actors)]
        return group, actor, actor.rows.remote(share, blur)

    def _answer(self, asked: deque[Any], share: Share, known: Known, blur: Any) -> NDArray[np.float32]:
        """The band that is next; what a dead helper leaves is asked of another one when its turn comes."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        group, actor, ref = asked.popleft() if asked else (0, None, None)
        while actor is not None:
            try:
                band: NDArray[np.float32] = ray.get(ref)
                return band
            except RayTaskError as error:
                if isinstance(error.cause, PinsharpError):
                    raise error.cause from error
                raise
            except RayError:
                self.actors = [one for one in self.actors if one is not actor]
                actor = None
                if self.actors:
                    group, actor, ref = self._asked(group, share, blur)
        self._own = self._own or Rows(share, known, self.restorer)
        return self._own.restored(share)


class SharedMethod(WindowedMethod):
    """A method whose windows of one image others restore; all else it does itself."""

    def __init__(self, method: WindowedMethod, image: Path, helpers: _Helpers) -> None:
        self._method, self._image, self._helpers = method, image, helpers
        for name in ("name", "kind", "kernel_from", "traits", "info", "device", "dtype", "measurer", "layers"):
            setattr(self, name, getattr(method, name))

    def window_restorer(
        self,
        read: Read,
        shape: tuple[int, int, int],
        estimate: BlurField,
        *,
        largest: tuple[int, int],
        levels: Levels | None = None,
    ) -> RestoreWindow:
        """What gives windows as helpers restore them; they have to be asked for in order (`WindowedMethod`)."""
        first = Share(self._image, 0, shape, largest, 0)
        bands = self._helpers.bands(first, (estimate, levels))
        top, band = -1, np.empty(0, np.float32)

        def restore(rows: slice, columns: slice) -> Tensor:
            nonlocal top, band
            if rows.start != top:
                top, band = rows.start, next(bands)
            return torch.from_numpy(np.array(band[..., columns]))  # what came from another process cannot be written

        return restore

    def finished(
        self,
        bands: Iterable[Tensor],
        shape: tuple[int, int, int],
        estimate: BlurField,
        guards: list[Tensor],
        levels: Levels | None = None,
    ) -> Iterator[Tensor]:
        """As the method itself."""
        return self._method.finished(bands, shape, estimate, guards, levels)

    def deconvolve(self, image: Tensor, estimate: BlurField) -> Deblurred:
        """As the method itself."""
        return self._method.deconvolve(image, estimate)

    def estimate(self, image: Tensor, kernel: Tensor | None = None, hidden: Tensor | None = None) -> BlurField:
        """As the method itself."""
        return self._method.estimate(image, kernel, hidden)

    def estimate_parts(self, parts: Tensor, kernel: Tensor | None = None, hidden: Tensor | None = None) -> BlurField:
        """As the method itself."""
        return self._method.estimate_parts(parts, kernel, hidden)

    def _measured(self, image: Tensor, hidden: Tensor | None = None) -> BlurField:
        return self.estimate(image, hidden=hidden)

    def _measured_parts(self, parts: Tensor, hidden: Tensor | None = None) -> BlurField:
        return self.estimate_parts(parts, hidden=hidden)

    def _given(self, image: Tensor, kernel: Tensor, hidden: Tensor | None = None) -> BlurField:
        return self.estimate(image, kernel, hidden)


def _here(image: Path, stack: ExitStack) -> Path:
    """The file itself, or a copy of it here."""
    if not isinstance(image, Address):
        return image
    copy = Path(stack.enter_context(TemporaryDirectory(prefix="pinsharp-")), image.name)
    Store(image).fetch(image, copy)
    return copy
