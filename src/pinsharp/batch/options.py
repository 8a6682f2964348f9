"""What the user asked for, in a form that worker processes can be sent."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pinsharp.restoration.restorer import Restorer


@dataclass(frozen=True)
class RestoreOptions:
    """How images are restored; the words are those of the command line.

    Args:
        model: Name of a method or a weights file.
        kernel: `auto`, or the blur where it is known: `gaussian:2`, `disk:3.5`, a file.
        iterations: Restore up to so many times.
        device: `auto`, `cpu`, `cuda`, ...
        precision: `auto`, `float32` or `bfloat16`.
        window: Side of windows in pixels; None chooses by the size of the image, 0 takes it as a whole.
        white_level: Value of white in integer images; None for the largest.
        channels: `joint`, `luma` or `each`.
        gamma: Whether images are sRGB photographs, to be restored in linear light.
        runtime: What computes a network's convolutions: `torch`, `onnx`, `openvino` or `auto`.
    """

    model: str = "swift"
    kernel: str = "auto"
    iterations: int = 1
    device: str = "auto"
    precision: str = "auto"
    window: int | None = None
    white_level: int | None = None
    channels: str = "joint"
    gamma: bool = False
    runtime: str = "torch"

    def load(self) -> "Restorer":
        """Load the model.

        Raises:
            PinsharpError: If the options contradict each other, or no image could be restored with them.
        """
        from pinsharp.restoration.colour import ColourOptions
        from pinsharp.restoration.restorer import Restorer

        colour = ColourOptions(self.white_level, cast(Any, self.channels), self.gamma)
        precision = cast(Any, self.precision)
        restorer = Restorer(
            self.model,
            device=self.device,
            precision=precision,
            window=self.window,
            colour=colour,
            runtime=cast(Any, self.runtime),
        )
        restorer.check_options(kernel=self.kernel, iterations=self.iterations)
        return restorer

    def settings(self, restorer: "Restorer") -> dict[str, object]:
        """What decides the pixels of a result, apart from the input: files count by their content.

        Where and how exactly it is computed is left out, and the window too where results do not depend on it.

        Args:
            restorer: What `load` has made of these options.
        """
        left_out = _HOW if restorer.window_matters else (*_HOW, "window")
        kept = {name: value for name, value in asdict(self).items() if name not in left_out}
        return {name: _content(value) if name in ("model", "kernel") else value for name, value in kept.items()}


_HOW = ("device", "precision", "runtime")
_BEFORE_FILES = ("ensemble:", "selfdeblur:", "selfdeblur-small:")


def _content(value: str) -> str:
    """A file's name with the hash of its content, behind what may stand before one too; other words as they are."""
    for before in _BEFORE_FILES:
        if value.startswith(before):
            return before + _content(value.removeprefix(before))
    path = Path(value)
    if not path.is_file():
        return value
    return f"{path.name}, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}"
