"""The routes of the service."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import anyio
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from sse_starlette import EventSourceResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from pinsharp.errors import PinsharpError
from pinsharp.service import schema
from pinsharp.service.accept import media_type
from pinsharp.service.answers import REPORT, short_report
from pinsharp.service.asked import JobKind, Kind, profile_names
from pinsharp.service.guard import Guard
from pinsharp.service.long_jobs import LongJobs
from pinsharp.service.page import add_page
from pinsharp.service.problems import BUG, Refused, kind_of, problem
from pinsharp.service.service import Service
from pinsharp.version import __version__

_ABOUT = (
    "Measures how far images are out of focus and brings them back. An image is sent as the body, with options as JSON "
    "in the query (`options`), or as the part `image` of a form, with options as the part `options` and further files "
    "as parts. Whatever is refused is answered with one sentence: what was expected, what came, what to do."
)


_LAST_WORDS_S = 2.0
"""Time for a stream of events to end when the service stops."""


def build_app(service: Service) -> FastAPI:
    """The application, with what stands before it."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    app = FastAPI(
        title="pinsharp", version=__version__, description=_ABOUT, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.add_middleware(Guard, settings=service.settings, metrics=service.metrics)
    _answer_errors(app, service)
    _add_work(app, service)
    _add_jobs(app, service)
    _add_state(app, service)
    add_page(app, service)
    return app


def _answer_errors(app: FastAPI, service: Service) -> None:
    """Answer every error with a sentence."""

    def refused(error: Refused) -> Response:
        service.metrics.refused(error.reason)
        return error.answer()

    @app.exception_handler(Refused)
    async def _refused(_request: Request, error: Refused) -> Response:
        return refused(error)

    @app.exception_handler(PinsharpError)
    async def _caused(_request: Request, error: PinsharpError) -> Response:
        # Clients sent a name, and where the service keeps its file is none of their business.
        sentence = str(error).replace(f"{service.settings.state}/", "")
        return refused(Refused.of(kind_of(error), sentence))

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where, words = first["loc"][-1], first["msg"].lower()
        return refused(
            Refused(400, "ConfigError", f"{where}: expected a value as the OpenAPI document has it, {words}")
        )

    @app.exception_handler(HTTPException)
    async def _no_route(request: Request, error: HTTPException) -> Response:
        """Starlette names the methods of the first route of a path alone."""
        sentence = f"expected a path and method that /openapi.json names, got {request.method} {request.url.path[:80]}"
        matching = [route for route in app.routes if route.matches(request.scope)[0] is not Match.NONE]
        methods = sorted({method for route in matching for method in getattr(route, "methods", None) or ()})
        headers = {"Allow": ", ".join(methods)} if error.status_code == 405 else {}
        return problem(error.status_code, sentence, reason="route", headers=headers)

    @app.exception_handler(Exception)
    async def _bug(_request: Request, _error: Exception) -> Response:
        return problem(500, BUG, reason="bug")


def _add_work(app: FastAPI, service: Service) -> None:
    """What is answered at once."""

    def add(kind: Kind, summary: str) -> None:
        async def work(
            request: Request,
            options: Annotated[str, Query(description="Options as JSON, for an image as the body.")] = "",
        ) -> Response:
            return await service.answer(request, kind)

        app.post(
            f"/v1/{kind}",
            summary=summary,
            operation_id=kind,
            response_class=Response,
            responses=schema.answers(kind),
            openapi_extra={"requestBody": schema.body(kind)},
        )(work)

    add("restore", "Bring a defocused image back.")
    add("measure", "Measure how far an image is out of focus.")
    add("detect", "Find conductive particles and judge pins; `Accept: image/png` for a picture of them.")
    add("view", "See an image of any format as a PNG of 8 bits.")
    add("profile", "Make the profile of a camera of what it has photographed.")


def _add_jobs(app: FastAPI, service: Service) -> None:
    """What takes long, or is larger than memory."""
    known = {200: schema.json_answer("The job.", schema.JOB), **schema.problems(401, 404, 503)}

    @app.post(
        "/v1/jobs",
        status_code=202,
        summary="Hand in a job: the same bodies and options, of any size. What is accepted ends, and ends once.",
        operation_id="hand_in",
        responses={
            202: schema.json_answer("It is accepted; `Location` says where it is seen.", schema.JOB)
            | {"links": schema.links("see", "stop", "remove", "fetch", "watch")},
            **schema.problems(400, 401, 408, 413, 415, 422, 429, 503),
        },
        openapi_extra={"requestBody": schema.body("restore")},
    )
    async def hand_in(
        request: Request,
        kind: Annotated[JobKind, Query(description="What is to be done.")] = "restore",
        format: Annotated[
            str | None, Query(description="Of the result, such as tiff; unless given, the input's.")
        ] = None,
        options: Annotated[str, Query(description="Options as JSON, for an image as the body.")] = "",
    ) -> Response:
        job = await service.accept(request, kind, format)
        return JSONResponse(job, 202, headers={"Location": f"/v1/jobs/{job['id']}"})

    @app.get("/v1/jobs/{job}", summary="See a job.", operation_id="see", responses={**known})
    async def see(job: str) -> Response:
        return JSONResponse(await _jobs(service).document(job))

    @app.post(
        "/v1/jobs/{job}/cancel",
        summary="Stop a job; one that has ended stays as it is.",
        operation_id="stop",
        responses={**known},
    )
    async def stop(job: str) -> Response:
        return JSONResponse(await _jobs(service).cancel(job))

    @app.delete(
        "/v1/jobs/{job}",
        status_code=204,
        summary="Stop a job, and forget it with its result.",
        operation_id="remove",
        response_class=Response,
        responses=schema.problems(401, 404, 503),
    )
    async def remove(job: str) -> Response:
        await _jobs(service).remove(job)
        return Response(status_code=204)

    @app.get(
        "/v1/jobs/{job}/result",
        summary="Fetch the result of a job, whole or by ranges.",
        operation_id="fetch",
        response_class=Response,
        responses={200: {"description": "The image, with the report in a header."}, **schema.problems(401, 404, 409)},
    )
    async def fetch(job: str) -> Response:
        found, path = await _jobs(service).result(job)
        return FileResponse(path, media_type=media_type(path.suffix), headers={REPORT: short_report(found.figures)})

    @app.get(
        "/v1/jobs/{job}/events",
        summary="Watch a job: server-sent events named by its state, the last one when it has ended.",
        operation_id="watch",
        response_class=Response,
        responses={
            200: {"description": "Events.", "content": {"text/event-stream": {"schema": schema.EVENT}}},
            **schema.problems(401, 404),
        },
    )
    async def watch(job: str) -> Response:
        await _jobs(service).document(job)
        closing = anyio.Event()  # set when the service is asked to stop; without it the stream would be cut off
        return EventSourceResponse(
            _jobs(service).events(job, closing.is_set),
            send_timeout=service.limits.slow_seconds,
            shutdown_event=closing,
            shutdown_grace_period=_LAST_WORDS_S,
        )


def _add_state(app: FastAPI, service: Service) -> None:
    """What the service says of itself."""

    @app.get(
        "/v1/models",
        summary="List the models that can be asked for.",
        operation_id="models",
        responses={200: schema.json_answer("Models.", {"type": "object"}), **schema.problems(401)},
    )
    async def models() -> Response:
        return JSONResponse({"models": service.models})

    @app.get(
        "/v1/profiles",
        summary="List the profiles of cameras that can be asked for by name.",
        operation_id="profiles",
        responses={200: schema.json_answer("Names.", {"type": "object"}), **schema.problems(401)},
    )
    async def profiles() -> Response:
        return JSONResponse({"profiles": profile_names(service.settings.profiles)})

    @app.get("/healthz", summary="Whether the service lives.", operation_id="healthz")
    async def healthz() -> dict[str, Any]:
        return {"status": "alive"}

    @app.get("/readyz", summary="Whether a request would be answered now.", operation_id="readyz", responses=_READY)
    async def readyz() -> Response:
        ready = service.is_ready
        return JSONResponse({"status": "ready" if ready else "not ready"}, 200 if ready else 503)

    @app.get(
        "/metrics",
        summary="Figures for Prometheus.",
        operation_id="metrics",
        response_class=Response,
        responses={200: {"description": "Figures.", "content": {"text/plain": {}}}, **schema.problems(401)},
    )
    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


_READY: dict[int | str, dict[str, Any]] = {
    200: {"description": "It would."},
    503: schema.json_answer("It would not.", {"type": "object"}),
}


def _jobs(service: Service) -> LongJobs:
    """The jobs of a service that runs."""
    assert service.jobs is not None
    return service.jobs


def openapi(service: Service) -> str:
    """The OpenAPI document, as text."""
    return json.dumps(build_app(service).openapi(), indent=1)
