"""How a step tells that it cannot go on."""

from __future__ import annotations

from .result import Status


class Stalled(Exception):  # noqa: N818 - it is news, not an error
    """Raised by a step that cannot go on: the run ends with this status and message."""

    def __init__(self, message: str, status: Status = Status.NO_DESCENT) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
