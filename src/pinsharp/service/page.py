"""The page for browsers: its files, the headers that go with them, and what the page asks before all else."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response

from pinsharp.service.asked import profile_names
from pinsharp.service.service import Service
from pinsharp.service.work import model_name

PAGES = Path(__file__).parent / "pages"
"""Files for browsers: index.html is what `GET /` shows, whatever else is here lies below /pages."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"""Nothing comes from elsewhere, no page is put around this one, and it is asked for again after an update."""


class _Files(StaticFiles):
    """Files with those headers."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """The file, or that it has not changed."""
        response = super().file_response(*args, **kwargs)
        response.headers.update(HEADERS)
        return response


def add_page(app: FastAPI, service: Service) -> None:
    """Add the page to the routes of a service."""

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return FileResponse(PAGES / "index.html", headers=HEADERS)

    @app.get("/v1/page", include_in_schema=False)
    async def offers() -> Response:
        return JSONResponse(
            {
                "model": model_name(service.settings.recipe),
                "models": [model["name"] for model in service.models],
                "profiles": profile_names(service.settings.profiles),
                "limits": {"upload_bytes": service.limits.body_bytes, "pixels": service.limits.pixels},
            }
        )

    app.mount("/pages", _Files(directory=PAGES))
