"""The server: a socket of this machine alone, an address with a token, and a clean end."""

from __future__ import annotations

import errno
import secrets
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable
from html import escape
from importlib import import_module
from typing import Any
from urllib.parse import quote, urlencode

from ...core.errors import ArgumentError, MissingExtraError
from ..formula import Formula
from ..reading import read_function

_HOST = "127.0.0.1"


def address(port: int, token: str, function: str | None) -> str:
    """The address of the page, which opens with a function where one is given."""
    state = "" if function is None else f"#{_view(function)}?{urlencode({'f': function}, quote_via=quote)}"
    return f"http://{_HOST}:{port}/{token}/{state}"


def _view(function: str) -> str:
    """The view that a function is shown in: the race where it has two numbers, the explorer elsewhere.

    Raises
    ------
    ArgumentError
        It is neither a name of the zoo nor a formula.

    """
    try:
        read_function(function, plane=True)
    except ArgumentError:
        Formula(function)
        return "explorer"
    return "race"


def listen(port: int) -> socket.socket:
    """A socket on which only this machine can reach us; port 0 is any that is free.

    Raises
    ------
    ArgumentError
        The port is taken, or may not be used.

    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # A server that has just ended leaves its port in a state in which it may be used again at once.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((_HOST, port))
        made.listen(64)
    except OSError as error:
        made.close()
        why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise ArgumentError(f"port {port} {why}: choose another with --port, or leave it out") from None
    return made


class Playground:
    """The play ground, served.

    Attributes
    ----------
    url : str
        The address of the page.

    """

    def __init__(self, port: int = 0, function: str | None = None) -> None:
        try:
            uvicorn, site = import_module("uvicorn"), import_module(".site", __package__)
        except ImportError:
            raise MissingExtraError(
                "the play ground needs starlette and uvicorn: pip install 'dragongrad[play]'"
            ) from None
        token = secrets.token_urlsafe(18)
        # A function that is none is refused before anything is opened.
        address(port, token, function)
        self._socket = listen(port)
        taken = self._socket.getsockname()[1]
        self.url = address(taken, token, function)
        self._site = site.Site(token, [f"{_HOST}:{taken}", f"localhost:{taken}"])
        config = uvicorn.Config(
            self._site.app, log_level="error", access_log=False, ws="none", lifespan="off", server_header=False,
            timeout_graceful_shutdown=2,
        )  # fmt: skip
        self._server: Any = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Serve in the background, until `stop` or the end of Python."""
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="play server", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End what was started, and all that is under way."""
        self._end()
        if self._thread is not None:
            self._thread.join()
        self._socket.close()

    def _end(self, *_: Any) -> None:
        # Streams that would go on for ever end first.
        self._site.close()
        self._server.should_exit = True

    def __repr__(self) -> str:
        return f"<play ground at {self.url}; .stop() ends it>"

    def _repr_html_(self) -> str:
        """A link for a notebook; what a formula may hold is not in it as markup."""
        return f'<a href="{escape(self.url)}" target="_blank" rel="noopener">the play ground</a>'

    def run(self, begin: Callable[[], None]) -> None:
        """Serve until Ctrl-C or a signal to end comes; `begin` is called when it may come."""
        ending = self._server.handle_exit

        def end(number: int, frame: Any) -> None:
            ending(number, frame)
            self._end()

        self._server.handle_exit = end
        # Before the server listens to signals itself, and after: it raises the one that ended it once more.
        usual = {number: signal.signal(number, self._end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            begin()
            self._server.run(sockets=[self._socket])
        finally:
            for number, handler in usual.items():
                signal.signal(number, handler)
            self._socket.close()

    def show(self) -> None:
        """Open the page in a browser; one in the terminal would not come back before it ends."""
        threading.Thread(target=webbrowser.open, args=[self.url], daemon=True).start()


def play(function: str | None = None, *, port: int = 0, show: bool = True) -> Playground:
    """Serve the play ground on this machine in the background: explorer, races, basins, networks, convolutions.

    Parameters
    ----------
    function : str, optional
        A test function or a formula to begin with.
    port : int
        Any that is free if not given.
    show : bool
        Open the page in a browser.

    Returns
    -------
    Playground
        `.url` is the address of the page, which a notebook shows as a link; `.stop()` ends it.

    Raises
    ------
    ArgumentError
        The port is taken, or the function is neither a name nor a formula.
    MissingExtraError
        Starlette or uvicorn is not installed.

    Examples
    --------
    >>> import dragongrad as ad
    >>> ground = ad.play("x**2 + cosh(y)", show=False)
    >>> ground.url.partition("#")[2]
    'race?f=x%2A%2A2%20%2B%20cosh%28y%29'
    >>> ground.stop()

    """
    ground = Playground(port, function)
    ground.start()
    if show:
        ground.show()
    return ground
