"""What sparse matrices with Variables do not have, and the line to write instead."""

from __future__ import annotations

from typing import Any

from ...core.errors import AbsentError, user_line

# The formats of SciPy's that have an attribute as an array of one axis.
FORMATS = {
    "data": ("csr", "csc", "coo"), "indices": ("csr", "csc"), "indptr": ("csr", "csc"), "coords": ("coo",),
    "row": ("coo",), "col": ("coo",),
}  # fmt: skip
_INSTEAD = {
    "eliminate_zeros": "Leave it out: what is zero now has a derivative as well",
    "resize": "Write A[:m, :n], or sparse.block_array for a larger one",
    "nonzero": "Write A.tocoo().coords for the stored entries",
    "offsets": "Write A.diagonal(k)",
    "getformat": "Write A.format",
    "get_shape": "Write A.shape",
}


def absent(a: Any, name: str) -> AbsentError:
    """The error for an attribute that is not there, or that the format of SciPy's does not have as one axis."""
    known = FORMATS.get(name)
    instead = _INSTEAD.get(name, f"Write A.to{known[0]}().{name}" if known else f"Write A.toarray().{name}")
    kind = f" of format {a.format!r}" if known else ""
    return AbsentError(
        f"a sparse matrix{kind} with Variables has no {name!r}\n  at {user_line()}\n{instead}; there are "
        f"{', '.join(n for n in dir(type(a)) if n[0] != '_')}"
    )
