"""`pinsharp train`: train a net from a TOML file."""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from pinsharp.batch.interrupts import stoppable
from pinsharp.cli.messages import Interrupted, remark

if TYPE_CHECKING:
    from pinsharp.train.config import TrainConfig


def train(
    config: Annotated[Path, typer.Argument(help="Training file, such as configs/swift.toml.", metavar="CONFIG.toml")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change a setting: root=DIR, run.folder=DIR, stage.0.steps=100."
        ),
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(
            metavar="CAMERA.json",
            help="Take the pairs with the camera of this profile: its softness, noise and depth. Of linear light.",
        ),
    ] = None,
    stream: Annotated[
        int | None,
        typer.Option(
            metavar="CROPS",
            help="Read each photograph in its turn and cut so many crops in a row from it, 8 for example, instead of "
            "reading all at the start: for corpora larger than memory.",
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the run's last checkpoint.")] = False,
) -> None:
    """Train a net on a folder of sharp images; stop it at any time with Ctrl-C and continue with --resume.

    The folder of the run holds the weights (model.safetensors), the log (log.jsonl), curves and validation crops as
    pictures and the checkpoint. With several processes: torchrun --nproc-per-node 2 -m pinsharp train CONFIG.toml;
    over several hosts: docs/training.md.

    Ctrl-C, or `kill`, finishes the step, saves a checkpoint and says how to go on; a second one stops at once, with the
    checkpoint before. Exit status: 0 done; 2 wrong use; 130 stopped.
    """
    from pinsharp.cli.extras import need

    need("accelerate", extra="train")
    from pinsharp.train.config import load_config

    given = [*(settings or [])]
    given += [] if profile is None else [f"profile={json.dumps(str(profile))}"]
    given += [] if stream is None else [f"stream={stream}"]
    run = load_config(config, given)
    _train(run, resume=resume)


def _train(run: "TrainConfig", *, resume: bool) -> None:
    """Train until it is done or somebody stops it."""
    from pinsharp.train.loop import train as train_net
    from pinsharp.train.state import CHECKPOINT

    speaks = os.environ.get("RANK", "0") == "0"  # one of the processes that torchrun started speaks for all
    say = remark if speaks else lambda _: None
    is_shared = int(os.environ.get("WORLD_SIZE", "1")) > 1
    with stoppable(lambda: say("stopping after this step, with a checkpoint"), once=is_shared) as stop:
        try:
            is_stopped = train_net(run, resume=resume, stop=stop.is_set).is_stopped
        except KeyboardInterrupt:
            if not (run.folder / CHECKPOINT).exists():
                raise
            is_stopped = True
    if is_stopped:
        say(f"stopped; to go on: {_command(is_shared)}")
        raise Interrupted
    if speaks:
        typer.echo(f"done: {run.folder / 'model.safetensors'}")
    if is_shared:
        _leave()


def _leave() -> NoReturn:
    """End one of several processes, all of whose files are written.

    Threads of PyTorch's process groups now and then abort a process that ends in the usual way ("terminate called
    without an active exception"), and torchrun takes that for a failure.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _command(is_shared: bool) -> str:
    """The command that goes on with this run, as it can be pasted into a shell."""
    if int(os.environ.get("GROUP_WORLD_SIZE", "1")) > 1:
        return "the torchrun command of before, on every host"  # whose run it is says its --rdzv-id
    program = ["pinsharp"] if shutil.which("pinsharp") else [sys.executable, "-m", "pinsharp"]
    if is_shared:
        program = ["torchrun", "--nproc-per-node", os.environ["LOCAL_WORLD_SIZE"], "-m", "pinsharp"]
    return shlex.join([*program, *(word for word in sys.argv[1:] if word != "--resume"), "--resume"])
