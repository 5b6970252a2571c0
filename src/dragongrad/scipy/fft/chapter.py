"""What the files of this folder share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import scipy.fft as scipys

from ...core.errors import ArgumentError, user_line
from ..chapters import Chapter

CHAPTER = Chapter(scipys)
refused, constant = CHAPTER.refused, CHAPTER.constant


def smooth(rule: Callable[..., Any]) -> Callable[..., Any]:
    """As in every chapter; what SciPy has no use for yet is refused as there."""

    @wraps(rule)
    def unplanned(*args: Any, plan: Any = None, **kwargs: Any) -> Any:
        if plan is not None:
            raise ArgumentError(f"{rule.__name__} takes no plan\n  at {user_line()}\nLeave plan= out")
        return rule(*args, **kwargs)

    return CHAPTER.smooth(unplanned)
