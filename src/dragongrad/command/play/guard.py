"""Who may talk to the play ground: pages that it served itself, on this machine, and nobody else."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Any

# Scripts, styles and requests come from here and go here; no page of others may hold this one in a frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"), (b"cache-control", b"no-store"),
    (b"cross-origin-opener-policy", b"same-origin"), (b"cross-origin-resource-policy", b"same-origin"),
)  # fmt: skip
_LONGEST = 8192


class Guard:
    """An application that lets only proper requests through to another.

    A page elsewhere could send requests to this machine, by its number, or by a name that it lets stand for it (DNS
    rebinding). So the Host must be this server's, the Origin too where there is one, and the address must begin
    with a token, which is in no other page.

    Parameters
    ----------
    app : ASGI application
    token : str
    hosts : collection of str
        As `127.0.0.1:8000`.

    """

    def __init__(self, app: Any, token: str, hosts: Iterable[str]) -> None:
        self._app, self._token, self._hosts = app, token, frozenset(hosts)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or refuse it with a word why."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                own = any(name.lower() == b"content-security-policy" for name, _ in headers)
                policy = [] if own else [(b"content-security-policy", POLICY.encode())]
                message = {**message, "headers": [*headers, *_HEADERS, *policy]}
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, answer)
        else:
            await _refuse(answer, *refusal)

    def _refusal(self, scope: Any) -> tuple[int, str] | None:
        """The status and the word with which a request is refused; None where it is not."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        hosts = [value.decode("latin-1") for value in headers.get(b"host", [])]
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return 421, "this server answers to the address that the terminal shows, and to no other name"
        origins = [value.decode("latin-1") for value in headers.get(b"origin", [])]
        if any(origin not in [f"http://{host}" for host in self._hosts] for origin in origins):
            return 403, "requests of other pages are not answered"
        sites = headers.get(b"sec-fetch-site", [])
        embedded = headers.get(b"sec-fetch-mode", []) != [b"navigate"]
        if embedded and any(site in (b"cross-site", b"same-site") for site in sites):
            return 403, "requests of other pages are not answered"
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "requests are GET or POST"
        if len(scope.get("query_string", b"")) > _LONGEST:
            return 414, f"the address is too long: at most {_LONGEST} characters of parameters are read"
        if any(value != b"0" for value in headers.get(b"content-length", [])) or b"transfer-encoding" in headers:
            return 413, "requests have no body here: everything is in the address"
        given = scope["path"].split("/")[1] if scope["path"].startswith("/") else ""
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return 403, (
                "this is not the address of a play ground that runs: open the one that the terminal shows. "
                "What follows # in yours is the state of a view, and can be put behind it."
            )
        return None


async def _refuse(send: Any, status: int, word: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{word}\n".encode()})
