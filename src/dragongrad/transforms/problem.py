"""What a Jacobian is taken of: a function of the leaves of its differentiated arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.nests import unflatten
from ..hints import no_return
from .options import Argnums, bind_argnums, input_leaves


class Problem:
    """A function of the leaves of its differentiated arguments, and how to rebuild their nests."""

    def __init__(self, f: Any, args: Any, kwargs: Any, argnums: Argnums, has_aux: bool) -> None:
        self.f, self.args, self.kwargs, self.argnums, self.has_aux = f, args, kwargs, argnums, has_aux
        self.positions = bind_argnums(f, args, argnums)
        self.nests = [input_leaves(f, args[p], p) for p in self.positions]
        self.leaves = [leaf for part, _ in self.nests for leaf in part]
        self.n_in = sum(math.prod(np.shape(leaf)) for leaf in self.leaves)
        self.aux: Any = None

    def __call__(self, *flat: Any) -> Any:
        """What the function returns of other leaves."""
        full, start = list(self.args), 0
        for p, (part, structure) in zip(self.positions, self.nests, strict=True):
            full[p] = unflatten(structure, list(flat[start : start + len(part)]))
            start += len(part)
        out = self.f(*full, **self.kwargs)
        if out is None:
            raise no_return(self.f, "a Jacobian needs numbers")
        return out

    def rebuild(self, flat: list[Any]) -> Any:
        """The arguments' nests around other leaves."""
        built, start = [], 0
        for part, structure in self.nests:
            built.append(unflatten(structure, flat[start : start + len(part)]))
            start += len(part)
        return built[0] if isinstance(self.argnums, int) else tuple(built)

    def is_complex(self) -> bool:
        """Whether an input is complex."""
        return any(leaf.dtype.kind == "c" for leaf in self.leaves)
