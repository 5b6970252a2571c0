"""How a run is left from within: from a step of ours, or from SciPy's loop."""

from __future__ import annotations

from .result import Status


class Stalled(Exception):  # noqa: N818 - it is news, not an error
    """Raised where a run cannot, or is not to, go on: it ends with this status and message."""

    def __init__(self, message: str, status: Status = Status.NO_DESCENT) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
