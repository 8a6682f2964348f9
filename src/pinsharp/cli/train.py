"""`pinsharp train`: train a net from a TOML file."""

import os
from pathlib import Path
from typing import Annotated

import typer


def train(
    config: Annotated[Path, typer.Argument(help="Training file, such as configs/swift.toml.", metavar="CONFIG.toml")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change a setting: root=DIR, run.folder=DIR, stage.0.steps=100."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the run's last checkpoint.")] = False,
) -> None:
    """Train a net on a folder of sharp images; stop it at any time and go on with --resume.

    The folder of the run holds the weights (model.safetensors), the log (log.jsonl), curves and validation crops as
    pictures and the checkpoint. With several processes: torchrun --nproc-per-node 2 -m pinsharp train CONFIG.toml
    """
    from pinsharp.cli.extras import need

    need("accelerate", extra="train")
    from pinsharp.train.config import load_config
    from pinsharp.train.loop import train as train_net

    run = load_config(config, settings)
    train_net(run, resume=resume)
    if os.environ.get("RANK", "0") == "0":  # one of the processes that torchrun started speaks for all
        typer.echo(f"done: {run.folder / 'model.safetensors'}")
