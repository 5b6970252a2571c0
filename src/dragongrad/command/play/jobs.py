"""Work in threads: answers that are computed while the server goes on, and streams of events."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, DragongradError
from ..screen import without_place

# So many computations at once, and so many that wait for their turn.
_AT_ONCE, _WAITING = 4, 12
# Events that a slow page has not yet taken.
_AHEAD = 2

Tell = Callable[[Any], None]


class Gone(Exception):  # noqa: N818 - it is no error: nobody listens any more
    """Ends the work of a stream."""


class BusyError(ArgumentError):
    """More is asked for at once than this server computes."""


def told(error: Exception) -> str:
    """What a page shows of an error."""
    if isinstance(error, DragongradError):
        return without_place(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for this: ask for less"
    if isinstance(error, (ArithmeticError, np.linalg.LinAlgError)):
        return str(error) or type(error).__name__
    return f"{type(error).__name__}: {error} (a mistake in dragongrad)"


class Desk:
    """Where work is handed in: a few things are done at once, a few wait, more are refused."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._streams: set[Stream] = set()
        self._closed = False

    async def do(self, work: Callable[[], Any], gone: Callable[[], Awaitable[bool]] | None = None) -> Any:
        """The result of a function, computed in a thread; None where who asked is gone when its turn comes."""
        if self._waiting >= _WAITING:
            raise BusyError("too much is asked for at once: wait, or close a page")
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            if gone is not None and await gone():
                return None
            return await asyncio.to_thread(work)
        finally:
            self._turns.release()

    def stream(self, work: Callable[[Tell], None]) -> Stream:
        """Work in a thread of its own that tells events, once somebody listens."""
        return Stream(work, self)

    def begin(self, stream: Stream) -> str:
        """Count a stream that somebody listens to; why it cannot be, or nothing."""
        if self._closed:
            return "the server is ending"
        if len(self._streams) >= _AT_ONCE:
            return f"{_AT_ONCE} computations are under way: stop one, or close a page"
        self._streams.add(stream)
        return ""

    def end(self, stream: Stream) -> None:
        """Count it no more."""
        self._streams.discard(stream)

    def close(self) -> None:
        """End all streams; there will be no more. May be called from a signal handler."""
        self._closed = True
        for stream in list(self._streams):
            stream.cancel()


class Stream:
    """The events of some work, as lines for an EventSource. The work ends when nobody listens any more."""

    def __init__(self, work: Callable[[Tell], None], desk: Desk) -> None:
        self._work, self._desk = work, desk
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[Any] = asyncio.Queue(_AHEAD)
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._run, name="play", daemon=True)

    def cancel(self) -> None:
        """Let the work end at its next word."""
        self._gone.set()

    def _tell(self, event: Any) -> None:
        if self._gone.is_set():
            raise Gone
        put = asyncio.run_coroutine_threadsafe(self._events.put(event), self._loop)
        while True:
            try:
                return put.result(0.1)
            except NotYet:
                if self._gone.is_set():
                    put.cancel()
                    raise Gone from None

    def _run(self) -> None:
        try:
            with np.errstate(all="ignore"):
                self._work(self._tell)
        except Gone:
            return
        except Exception as error:
            self._finish({"error": told(error)})
        else:
            self._finish({"done": True})

    def _finish(self, event: Any) -> None:
        with suppress(Gone):
            self._tell(event)

    async def lines(self) -> AsyncIterator[str]:
        """Start the work, and wait for its events: the last has `done` or `error`."""
        refusal = self._desk.begin(self)
        if refusal:
            yield _line({"error": refusal})
            return
        try:
            self._thread.start()
            while not self._gone.is_set():
                try:
                    event = await asyncio.wait_for(self._events.get(), 0.25)
                except TimeoutError:
                    continue
                yield _line(event)
                if "done" in event or "error" in event:
                    return
        finally:
            self._gone.set()
            self._desk.end(self)


def _line(event: Any) -> str:
    return f"data: {json.dumps(event, allow_nan=False, separators=(',', ':'))}\n\n"
