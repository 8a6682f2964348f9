"""`pinsharp selfdeblur`: fit SelfDeblur to one image, for minutes or hours, with stop and resume."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinsharp.batch.job import Job, make_folder
from pinsharp.cli.each import Task, carry_out
from pinsharp.cli.options import Device, Json, Overwrite
from pinsharp.cli.outputs import check_results, plan_jobs
from pinsharp.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pinsharp.cli.progress import Advance
    from pinsharp.nets.peers.self_fit import SelfDeblurResult
    from pinsharp.nets.peers.selfdeblur import SelfDeblurConfig

STATE_SUFFIX = ".fit"


def selfdeblur(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The blurred image (PNG, JPEG, TIFF, BMP, WebP).")],
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="OUT", help="Where the result goes: a file, or a folder (made).")
    ],
    kernel_size: Annotated[
        int | None,
        typer.Option(
            metavar="K", help="Side of the kernel in pixels, odd; 21 unless set. The blur has to fit into it."
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="N", help="Steps of the fit; time is in proportion. 5000 unless set.")
    ] = None,
    small: Annotated[
        bool,
        typer.Option("--small", help="Start from settings for a CPU: fewer channels and levels, 1000 steps; minutes."),
    ] = False,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Settings, such as configs/peers/selfdeblur-budget.toml.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting: channels=64, colour=luma, kernel_lr=1e-3."),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where the fit is kept while it lasts, and afterwards. Unless set: OUT.fit, deleted when all is done.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a fit that was stopped, to the same end.")
    ] = False,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Decides all that is random; 0 unless set.")] = None,
    device: Device = "auto",
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Restore one image by SelfDeblur (Ren et al., 2020): two networks are fitted to it, and learn from nothing else.

    The authors' settings need a GPU: on a CPU core a step takes about a second for 100 x 100 pixels. Stop at any time
    with Ctrl-C and go on with --resume. Kernels as smooth as those of defocus are hard for this method: compare with
    `pinsharp restore`. Exit status: 0 done; 2 wrong use, or an image that cannot be restored; 130 stopped.
    """
    given = {"kernel_size": kernel_size, "steps": steps, "seed": seed}
    chosen = _settings(config, small, settings or [], given)
    (job,) = plan_jobs([image], out, side_by_side=False, overwrite=overwrite)
    place = _Place(job, state or job.output.with_name(job.output.name + STATE_SUFFIX), is_kept=state is not None)
    place.check(resume=resume, overwrite=overwrite)
    from pinsharp.methods.devices import find_device

    where = str(find_device(device))
    record: dict[str, object] = {"input": str(job.input), "output": str(job.output), "model": "selfdeblur"}
    task = Task(record, lambda: _fit_file(place, chosen, where, resume=resume, overwrite=overwrite))
    carry_out([task], as_json=as_json)


@dataclass(frozen=True)
class _Place:
    """Where things are: the image, its result and the state, which may be kept after the end."""

    job: Job
    state: Path
    is_kept: bool

    def check(self, *, resume: bool, overwrite: bool) -> None:
        """Refuse a state that would replace something, before any work."""
        from pinsharp.images.files import same_file

        if same_file(self.state, self.job.output):
            raise OutputError(f"{self.state}: expected a file for the state beside the result, got one for both")
        if self.state.is_file() and not (resume or overwrite):
            raise ConfigError(f"{self.state} holds an earlier fit; go on with --resume, or start anew with --overwrite")
        if resume and not self.state.is_file():
            raise ConfigError(f"nothing to resume: there is no {self.state}; leave --resume out to start")
        check_results([self.state], [self.job.input], overwrite=True)


def _settings(file: Path | None, small: bool, changes: list[str], given: dict[str, int | None]) -> "SelfDeblurConfig":
    """Settings from small to large: the defaults, a file, --set, and the options that have names of their own."""
    import tomllib
    from dataclasses import asdict

    from pinsharp.nets.peers.selfdeblur import SMALL, SelfDeblurConfig
    from pinsharp.settings import build
    from pinsharp.train.settings import override

    values: dict[str, Any] = asdict(SMALL) if small else {}
    if file is not None:
        try:
            values |= tomllib.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"settings not found: {file}; check the name") from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"cannot read {file}: {error}") from None
    for change in changes:
        override(values, change)
    values |= {name: value for name, value in given.items() if value is not None}
    config: SelfDeblurConfig = build(SelfDeblurConfig, values, "")
    return config


def _fit_file(
    place: _Place, config: "SelfDeblurConfig", device: str, *, resume: bool, overwrite: bool
) -> tuple[dict[str, object], str]:
    """Fit one file; return its figures and the line for people."""
    from pinsharp.images.arrays import to_array, to_tensor
    from pinsharp.images.files import check_output, read_image, write_image
    from pinsharp.nets.peers.self_fit import fit

    job = place.job
    source = read_image(job.input)
    check_output(job.output, source.pixels, overwrite=overwrite)
    blurred = to_tensor(source.pixels).to(device)
    make_folder(job)
    if overwrite and not resume:
        place.state.unlink(missing_ok=True)
    begun = time.monotonic()
    with _shown(place.state) as report:
        result = fit(blurred, config, progress=report, state=place.state, resume=resume)
    write_image(job.output, to_array(result.image, source.pixels), like=source, overwrite=overwrite)
    if not place.is_kept:
        place.state.unlink(missing_ok=True)
    megapixels = source.pixels.shape[0] * source.pixels.shape[1] / 1e6
    figures = _figures(result, config, megapixels, time.monotonic() - begun)
    return figures, _line(job, figures)


@contextmanager
def _shown(state: Path) -> "Iterator[Callable[[int, int, float], None]]":
    """Show a bar with loss and time left; say how to go on when a fit is stopped."""
    from pinsharp.cli.progress import progress

    advance: Advance | None = None
    where = ""
    with ExitStack() as stack:

        def report(done: int, steps: int, loss: float) -> None:
            nonlocal advance, where
            if advance is None:  # a resumed fit has only its last steps to go
                advance = stack.enter_context(progress(steps - done + 1, "fitting", in_lines=True))
            where = f" at step {done} of {steps}"
            advance(f"fitting, loss {loss:.5f}")

        try:
            yield report
        except KeyboardInterrupt:
            stack.close()  # the bar, before the words
            if state.is_file():
                words = f"stopped{where}; the fit is kept in {state}, and the same command with --resume goes on"
                print(f"pinsharp: {words}", file=sys.stderr, flush=True)
            raise


def _figures(
    result: "SelfDeblurResult", config: "SelfDeblurConfig", megapixels: float, seconds: float
) -> dict[str, object]:
    from pinsharp.blur.kernels import kernel_sigma

    return {
        "sigma": float(kernel_sigma(result.kernel)),
        "kernel_size": config.kernel_size,
        "steps": config.steps,
        "seed": config.seed,
        "loss": result.losses[-1],
        "seconds": round(seconds, 4),
        "megapixels": megapixels,
    }


def _line(job: Job, figures: dict[str, object]) -> str:
    return (
        f"{job.input} -> {job.output}: kernel of sigma {figures['sigma']:.2f} px, loss {figures['loss']:.5f} after "
        f"{figures['steps']} steps, {figures['megapixels']:.2f} megapixels in {figures['seconds']:.0f} s"
    )
