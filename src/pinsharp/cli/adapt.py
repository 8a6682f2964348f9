"""`pinsharp adapt`: fine-tune the shipped net on sharp images of your own parts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinsharp.batch.interrupts import Stop, stoppable
from pinsharp.cli.messages import Interrupted, remark
from pinsharp.cli.progress import progress

if TYPE_CHECKING:
    from pinsharp.adapt.adapt import Outcome, Plan

NOT_WORTH_IT = 1
"""Exit status where nothing was written because it would not have helped."""


def adapt(
    folder: Annotated[Path, typer.Argument(metavar="SHARP_DIR", help="Folder of at least 20 sharp images, best 40.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="MODEL.safetensors", help="The model; a new name.")],
    minutes: Annotated[
        float, typer.Option(min=0, metavar="N", help="Time for all of it, on this machine with nothing else to do.")
    ] = 20.0,
    model: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Start: swift, or a weights file of its kind.")
    ] = "swift",
) -> None:
    """Fine-tune the shipped net on sharp images of your own parts, so that it restores such parts better.

    Simulated cameras blur the images and the net learns to undo it, together with the package's photographs, so that
    it stays good on other images. One image in ten, at least four, is held out: on those, and on photographs, the
    result is compared with its start under 16 blurs, and written only if no loss exceeds its gain.
    Then: pinsharp restore IMAGE --model MODEL.safetensors

    Beside the model lie MODEL.toml, with which `pinsharp train` repeats the training, and MODEL.run with its
    checkpoint and log. Stop at any time with Ctrl-C, or `kill`: the same command continues. Exit status: 0 done;
    1 trained, but no gain, nothing written; 2 wrong use; 130 stopped.
    """
    from pinsharp.cli.extras import need

    need("accelerate", extra="train")
    from pinsharp.adapt.adapt import Plan, Stopped, check_out

    plan = Plan(folder, out, minutes, model)
    check_out(plan)
    with stoppable(lambda: remark("stopping as soon as all is kept")) as stop:
        try:
            outcome = _adapted(plan, stop)
        except (Stopped, KeyboardInterrupt):
            remark("stopped; the same command continues")
            raise Interrupted from None
    if outcome.written is None:
        remark(f"not written: worse somewhere than it gains; {plan.run_folder} holds what was trained")
        raise typer.Exit(NOT_WORTH_IT)
    print(f"{out}: {outcome.gains[-1].mean:+.2f} dB on the held-out images")


def _adapted(plan: "Plan", stop: Stop) -> "Outcome":
    from pinsharp.adapt import adapt as steps
    from pinsharp.adapt.gains import table

    with progress(steps.images_to_look_at(plan), "looking at the images", in_lines=True) as advance:
        config = steps.prepare(plan, say=remark, stop=stop.is_set, advance=advance)
    steps.adapt(plan, config, stop=stop.is_set)
    count = steps.held_out_images(plan, config).count
    with progress(2 * count, "restoring held-out images", in_lines=True) as advance:
        outcome = steps.judge(plan, config, stop=stop.is_set, advance=advance)
    for share, gains in zip(outcome.shares, outcome.gains, strict=True):
        print(
            f"weights {share:.0%} of the way from the start to the trained ones: mean {gains.mean:+.2f} dB, worst "
            f"{gains.worst.db:+.2f} dB"
        )
        print(table(gains))
    return outcome
