"""The progress of a training: one live line on a terminal, one line a minute elsewhere."""

import time
from datetime import timedelta
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from pinsharp.train.config import StageConfig

LINE_EVERY_S = 60.0
"""Where no terminal shows the live line, a line is printed so often, the first one after the first step."""

_RESTORATIONS = {"psnr": "with the true kernel", "blind_psnr": "blind"}


class Progress:
    """Progress of stage `number`, from 0: loss, validation PSNR, crops per second, time left in this stage."""

    def __init__(self, number: int, stage: StageConfig, *, quiet: bool = False) -> None:
        self.console = Console(stderr=True, quiet=quiet)
        self.name = f"{number + 1} {stage.kind}"
        self.stage = stage
        columns = [
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.4f}  {task.fields[figures]}  {task.fields[rate]:.1f} crops/s"),
            TimeRemainingColumn(),
        ]
        self.bar = Bar(*columns, console=self.console, disable=quiet or not self.console.is_terminal)
        self.task = self.bar.add_task(self.name, total=stage.steps, loss=0.0, figures="", rate=0.0)
        self.loss = self.rate = 0.0
        self.said_s = float("-inf")

    def __enter__(self) -> "Progress":
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def advance(self, step: int, loss: float, rate: float) -> None:
        """Show that `step` steps are done; loss and crops per second are smoothed."""
        keep = 0.95 if self.rate else 0.0
        self.loss, self.rate = keep * self.loss + (1 - keep) * loss, keep * self.rate + (1 - keep) * rate
        self.bar.update(self.task, completed=step, loss=self.loss, rate=self.rate)
        if time.monotonic() - self.said_s >= LINE_EVERY_S:
            self._say(step)

    def validated(self, step: int, figures: dict[str, float]) -> None:
        """Show the figures of a validation, as many as the net has."""
        parts = [f"{figures[key]:.2f} dB {name}" for key, name in _RESTORATIONS.items() if key in figures]
        text = f"PSNR {', '.join(parts)} (blurred {figures['blurred_psnr']:.2f})"
        if "width_error" in figures:
            text += f", width error {figures['width_error']:.1%}"
        self.bar.update(self.task, figures=text)
        self._say(step, f"{text}, ")

    def _say(self, step: int, figures: str = "") -> None:
        """Print a line, if there is no terminal that shows the live one."""
        if self.console.is_terminal:
            return
        self.said_s = time.monotonic()
        left = timedelta(seconds=round((self.stage.steps - step) * self.stage.batch / self.rate))
        self.console.print(
            f"stage {self.name}, step {step} of {self.stage.steps}: loss {self.loss:.4f}, {figures}"
            f"{self.rate:.1f} crops/s, {left} left",
            soft_wrap=True,
            highlight=False,
        )
