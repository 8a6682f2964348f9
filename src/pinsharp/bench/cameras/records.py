"""Records of simulated cameras, `cameras.jsonl`: one for each row and image."""

from dataclasses import dataclass
from typing import Literal

from pinsharp.bench.engine.records import Kind, Records, Result


@dataclass(frozen=True)
class CameraFigures(Result):
    """What one row makes of one image."""

    row: str
    group: str  # the camera, or what the image was processed by
    blur: str  # the lens; empty for cameras, whose lenses are drawn
    number: int  # of the image
    true_width: float | None = None  # of the true kernel, pixels
    used_width: float | None = None  # of the kernel that was used, pixels
    is_restored: bool = False  # whether the image was changed
    blurred: float | None = None  # PSNR of the image, dB
    psnr: float | None = None  # PSNR of the result, dB
    seconds: float | None = None
    status: Literal["done", "failed"] = "done"
    reason: str | None = None

    @property
    def key(self) -> tuple[str | int, ...]:
        """What these are figures of."""
        return self.row, self.group, self.blur, self.number

    @property
    def place(self) -> str:
        """Camera or process, lens and number."""
        return " ".join(filter(None, [self.group, self.blur, f"number {self.number}"]))

    @property
    def gain(self) -> float | None:
        """PSNR of the result less that of the image, dB."""
        return None if self.psnr is None or self.blurred is None else self.psnr - self.blurred


KIND = Kind("cameras.jsonl", "cameras", "restored", "simulated cameras", CameraFigures)
CameraRecords = Records[CameraFigures]
