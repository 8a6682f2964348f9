"""`pinsharp serve`: restore and measure over HTTP."""

import math
from pathlib import Path
from typing import Annotated

import typer

from pinsharp.cli.options import Jobs, takes_recipe
from pinsharp.restoration.recipe import Recipe

MEGA = 10**6


@takes_recipe("model", "device", "precision", "runtime")
def serve(
    host: Annotated[
        str, typer.Option(metavar="H", help="Address to listen at; any but this machine's own needs a key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="Port to listen at; 0 takes a free one.")] = 8000,
    jobs: Jobs = 1,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for long jobs and for what is being received. Unless given: a folder of the user's.",
        ),
    ] = None,
    profiles: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of profiles of cameras, which clients call by name.")
    ] = None,
    api_key_file: Annotated[
        Path | None,
        typer.Option(metavar="F", help="File with the key that clients have to send; or set PINSHARP_API_KEY."),
    ] = None,
    *,
    recipe: Recipe,
    most_megabytes: Annotated[float, typer.Option(metavar="N", help="Largest body of a request.")] = 64,
    most_megapixels: Annotated[float, typer.Option(metavar="N", help="Largest image of a request.")] = 50,
    seconds: Annotated[
        float, typer.Option(metavar="S", help="Longest time from a whole request to its answer; then 503.")
    ] = 120,
    waiting: Annotated[int, typer.Option(metavar="N", help="Requests that may wait; then 503.")] = 64,
    per_client: Annotated[int, typer.Option(metavar="N", help="Requests of one address at once; then 429.")] = 64,
    slow_seconds: Annotated[
        float, typer.Option(metavar="S", help="Longest silence of a client, and time for the headers of a request.")
    ] = 30,
    job_gigabytes: Annotated[float, typer.Option(metavar="N", help="Largest body of a job.")] = 8,
    job_megapixels: Annotated[float, typer.Option(metavar="N", help="Largest image of a job.")] = 4000,
    most_jobs: Annotated[int, typer.Option(metavar="N", help="Jobs that may wait or run; then 503.")] = 64,
    keep_hours: Annotated[float, typer.Option(metavar="H", help="How long the result of a job is kept.")] = 24,
) -> None:
    """Restore and measure over HTTP, until Ctrl-C or SIGTERM.

    POST an image to /v1/restore, /v1/measure, /v1/detect or /v1/profile; long work and files larger than memory to
    /v1/jobs, which survive a restart. /openapi.json describes everything. One process listens, --jobs processes work,
    each with its own model; one more works on long jobs. Only this machine can connect unless --host says otherwise.
    What was begun is answered before it stops. Exit status: 0 stopped; 2 wrong use.
    """
    from pinsharp.cli.extras import need

    for module in ("fastapi", "uvicorn", "python_multipart", "prometheus_client", "sse_starlette"):
        need(module, extra="serve")
    from pinsharp.cli.messages import remark
    from pinsharp.service.server import serve as run
    from pinsharp.service.settings import Limits, Settings, default_state, find_key

    limits = Limits(
        body_bytes=_whole(most_megabytes, MEGA),
        pixels=_whole(most_megapixels, MEGA),
        seconds=seconds,
        waiting=waiting,
        requests=max(256, 2 * waiting),  # those that wait are only some of the open ones
        requests_per_client=per_client,
        slow_seconds=slow_seconds,
        job_bytes=_whole(job_gigabytes, 1000 * MEGA),
        job_pixels=_whole(job_megapixels, MEGA),
        jobs=most_jobs,
        keep_seconds=keep_hours * 3600,
    )
    settings = Settings(
        recipe=recipe,
        jobs=jobs,
        state=(state or default_state()).absolute(),
        profiles=profiles.absolute() if profiles else None,
        host=host,
        port=port,
        key=find_key(api_key_file),
        limits=limits,
    )
    run(settings, remark)


def _whole(number: float, unit: int) -> int:
    """A number of units as a whole number; 0, which is refused, if it is not a number."""
    return round(number * unit) if math.isfinite(number) else 0
