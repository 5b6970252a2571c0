"""Where pickle finds what answers to NumPy's names in a transform.

Once the transform has ended `numpy.sum` is NumPy's own again, and pickle would refuse a function of that name that
is another one. What was pickled answers as it did: outside of transforms as NumPy's own.
"""

from __future__ import annotations

from typing import Any

from .namespace import ours


def __getattr__(name: str) -> Any:
    found = ours(name)
    if found is None:
        raise AttributeError(f"nothing answers to numpy.{name}")
    return found
