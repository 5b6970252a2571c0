"""The addresses of the play ground: its files, and what its views ask for."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from ...core.errors import DragongradError
from ...views.explore.page import explore
from . import basins, code, convolution, network, plane
from .asked import Asked
from .guard import Guard
from .jobs import BusyError, Desk, told

_WEB = Path(__file__).parent / "web"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def explorer(asked: Asked) -> str:
    """The explorer's page of a formula."""
    formula, values, mode = code.read_explorer(asked)
    return explore(formula, *values, mode=mode).html


def check_explorer(asked: Asked) -> dict[str, Any]:
    """Whether the explorer's page can be made."""
    return {"characters": len(explorer(asked))}


# What computes an answer from what is asked for, and the parameters that it may be asked with.
_ANSWERS: dict[str, tuple[Callable[[Asked], Any], tuple[str, ...]]] = {
    "catalog": (lambda _: plane.catalog(), ()),
    "formula": (plane.check_names, ("f",)),
    "heights": (plane.heights, plane.LANDSCAPE),
    "runs": (plane.runs, plane.RUNS),
    "explorer/check": (check_explorer, code.EXPLORER),
    "convolution": (convolution.convolution, convolution.KNOWN),
}


@cache
def files() -> dict[str, tuple[bytes, str]]:
    """The files of the page with their types, by name: there is no way to any other file."""
    found = sorted(_WEB.iterdir())
    return {path.name: (path.read_bytes(), _TYPES[path.suffix]) for path in found if path.suffix in _TYPES}


class Site:
    """The play ground as an application.

    Attributes
    ----------
    app : ASGI application
    token : str

    """

    def __init__(self, token: str, hosts: Iterable[str]) -> None:
        self.token = token
        self._trainings = network.Trainings()
        self._desk: Desk | None = None
        routes = [
            *[self._route(name, self._answering(*found)) for name, found in _ANSWERS.items()],
            self._route("code/{view}", self._code),
            self._route("explorer", self._explorer),
            self._route("basins", self._basins),
            self._route("network", self._begin, "POST"),
            self._route("network/{name}/step", self._step, "POST"),
            self._route("network/{name}/run", self._train),
            Route(f"/{token}/", self._file),
            Route(f"/{token}/{{name}}", self._file),
        ]
        self.app = Guard(Starlette(routes=routes, exception_handlers={404: _missing, 405: _method}), token, hosts)

    def _route(self, path: str, endpoint: Callable[[Request], Awaitable[Response]], method: str = "GET") -> Route:
        return Route(f"/{self.token}/api/{path}", _careful(endpoint), methods=[method])

    @property
    def desk(self) -> Desk:
        """Where work is handed in, of the loop that runs."""
        if self._desk is None:
            self._desk = Desk()
        return self._desk

    def close(self) -> None:
        """End all that is under way."""
        if self._desk is not None:
            self._desk.close()

    def _answering(
        self, compute: Callable[[Asked], Any], known: tuple[str, ...]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            asked = Asked(request.query_params.multi_items(), known)
            return JSONResponse(await self.desk.do(lambda: _quietly(compute, asked), request.is_disconnected))

        return answer

    async def _file(self, request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name not in files():
            return _missing(request, None)
        content, kind = files()[name]
        return Response(content, media_type=kind)

    async def _code(self, request: Request) -> Response:
        view = request.path_params["view"]
        if view not in code.VIEWS:
            return _missing(request, None)
        write, known = code.VIEWS[view]
        asked = Asked(request.query_params.multi_items(), known)
        return PlainTextResponse(await self.desk.do(lambda: _quietly(write, asked)))

    async def _explorer(self, request: Request) -> Response:
        asked = Asked(request.query_params.multi_items(), code.EXPLORER)
        page = await self.desk.do(lambda: _quietly(explorer, asked))
        # The page comes from formulas that others may have written, so it has an origin of its own.
        hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in _SCRIPT.findall(page)]
        scripts = " ".join(f"'sha256-{found}'" for found in hashes)
        policy = (
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-scripts; "
            f"script-src {scripts}; frame-ancestors 'self'"
        )
        return HTMLResponse(page, headers={"Content-Security-Policy": policy})

    async def _basins(self, request: Request) -> Response:
        asked = Asked(request.query_params.multi_items(), basins.KNOWN)
        return self._streaming(await self.desk.do(lambda: _quietly(basins.basins, asked)))

    async def _begin(self, request: Request) -> Response:
        asked = Asked(request.query_params.multi_items(), network.KNOWN)
        return JSONResponse(await self.desk.do(lambda: self._trainings.begin(asked)))

    async def _step(self, request: Request) -> Response:
        name = request.path_params["name"]
        return JSONResponse(await self.desk.do(lambda: self._trainings.step(name)))

    async def _train(self, request: Request) -> Response:
        asked = Asked(request.query_params.multi_items(), network.RUNNING)
        return self._streaming(self._trainings.run(request.path_params["name"], asked))

    def _streaming(self, work: Callable[..., None]) -> Response:
        return StreamingResponse(self.desk.stream(work).lines(), media_type="text/event-stream")


def _quietly(compute: Callable[[Asked], Any], asked: Asked) -> Any:
    with np.errstate(all="ignore"):
        return compute(asked)


def _careful(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint whose errors are answers: what was asked for wrongly is told as JSON."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Exception as error:
            ours = isinstance(error, (DragongradError, ArithmeticError, np.linalg.LinAlgError, MemoryError))
            status = 503 if isinstance(error, BusyError) else 400 if ours else 500
            # An EventSource reads nothing of an answer that is no stream.
            if "text/event-stream" in request.headers.get("accept", ""):
                word = json.dumps({"error": told(error)})
                return PlainTextResponse(f"data: {word}\n\n", media_type="text/event-stream")
            return JSONResponse({"error": told(error)}, status)

    return answer


def _missing(request: Request, _: Any) -> Response:
    return PlainTextResponse("there is nothing at this address\n", 404)


def _method(request: Request, _: Any) -> Response:
    return PlainTextResponse("this address is asked in another way\n", 405)
