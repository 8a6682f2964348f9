"""Widths of a blur that somebody knows, as a small table that is stretched over an image."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinsharp.errors import KernelError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Widths:
    """A table of widths; it can be compared, hashed and sent to other processes.

    Attributes:
        shape: Rows and columns.
        values: Widths in pixels of the image (sigma of a Gaussian, half the radius of a disc), float32, row by row.
    """

    shape: tuple[int, int]
    values: bytes

    def __repr__(self) -> str:
        return f"{self.shape[0]} x {self.shape[1]} widths"

    @classmethod
    def of(cls, values: Any) -> "Widths":
        """Take widths from an array or nested lists (H', W').

        Raises:
            KernelError: If `values` is not a table of positive, finite numbers.
        """
        import numpy as np

        try:
            table = np.asarray(values)
            numbers = table.astype(np.float32, casting="same_kind") if table.dtype.kind != "i" else table * 1.0
        except (TypeError, ValueError):
            numbers = None
        if numbers is None or np.ma.is_masked(values):
            raise KernelError("a field must be a table of widths in pixels, such as np.array([[1.0, 3.0]])")
        if numbers.ndim != 2 or not numbers.size:
            raise KernelError(
                f"a field must have shape (rows, columns), got {numbers.shape}; one width a place, in pixels"
            )
        if not np.isfinite(numbers).all() or not (numbers > 0).all():
            worst = numbers[~(np.isfinite(numbers) & (numbers > 0))][0]
            raise KernelError(
                f"a field must hold positive widths in pixels, got {worst:.3g}; put 0.1 where it is sharp"
            )
        return cls((numbers.shape[0], numbers.shape[1]), np.ascontiguousarray(numbers, np.float32).tobytes())

    @classmethod
    def load(cls, path: str | Path) -> "Widths":
        """Read widths from a .npy file.

        Raises:
            KernelError: If there is no such file, or it holds no table of widths.
        """
        import numpy as np

        if not Path(path).is_file():
            raise KernelError(f"--field must be auto, off, or a .npy file of widths, got {str(path)!r}; check its name")
        try:
            table = np.load(path, allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise KernelError(f"{path}: expected a .npy file of widths, got another; save it by numpy.save") from error
        try:
            return cls.of(table)
        except KernelError as error:
            raise KernelError(f"{path}: {error}") from error

    def at(self, places: "Tensor", shape: tuple[int, int]) -> "Tensor":
        """Widths in pixels at places (..., 2), row and column, of an image of a shape (H, W).

        A width belongs to the middle of its share of the image; between the middles widths are interpolated.
        """
        import numpy as np
        import torch

        table = torch.from_numpy(np.frombuffer(self.values, np.float32).reshape(self.shape).copy())
        rows, columns = (
            (places[..., axis] * (self.shape[axis] / shape[axis]) - 0.5).clamp(0, self.shape[axis] - 1)
            for axis in (0, 1)
        )
        top, left = rows.long(), columns.long()
        bottom, right = ((low + 1).clamp(max=count - 1) for low, count in zip((top, left), self.shape, strict=True))
        across, down = (columns - left).float(), (rows - top).float()
        upper = torch.lerp(table[top, left], table[top, right], across)
        return torch.lerp(upper, torch.lerp(table[bottom, left], table[bottom, right], across), down)
