"""A network as a table: its layers, the shapes of their outputs, parameters and multiplications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.nests import NAMESPACE
from ..pytrees import tree_flatten
from . import layers
from .layers import Shape


@dataclass(frozen=True)
class Row:
    """A layer of a network, for one example.

    Attributes
    ----------
    name, what : str
        Its name, and its class with the options that are not the default ones.
    output : tuple of int
        The shape of its output.
    parameters, multiplications : int
        How many it has, and how many one example costs.

    """

    name: str
    what: str
    output: Shape
    parameters: int
    multiplications: int


def rows(named: Mapping[str, Any], shape: Shape) -> list[Row]:
    """A row for each layer; of nested chains too."""
    found = []
    for name, one in named.items():
        inner = getattr(one, "layers", None)
        if inner is not None:
            found += [
                Row(f"{name}.{r.name}", r.what, r.output, r.parameters, r.multiplications)
                for r in rows(inner, shape)
            ]
        else:
            params = layers.init(one, np.random.default_rng(0), shape, np.float32)
            count = sum(np.size(leaf) for leaf in tree_flatten(params, NAMESPACE)[0])
            cost = layers.multiplications(one, shape)
            found.append(Row(name, layers.described(one), layers.out(one, shape), int(count), cost))
        shape = layers.out(one, shape)
    return found


def table(found: list[Row]) -> str:
    """Rows as text, with their sums below."""
    head = ["layer", "what", "output", "parameters", "multiplications"]
    body = [
        [r.name, r.what, " x ".join(map(str, r.output)) or "number", f"{r.parameters:,}", f"{r.multiplications:,}"]
        for r in found
    ]
    total = ["all", "", "", f"{sum(r.parameters for r in found):,}", f"{sum(r.multiplications for r in found):,}"]
    widths = [max(len(line[k]) for line in [head, *body, total]) for k in range(5)]
    rule = "─" * (sum(widths) + 8)

    def line(cells: list[str]) -> str:
        left = [c.ljust(w) for c, w in zip(cells[:3], widths, strict=False)]
        right = [c.rjust(w) for c, w in zip(cells[3:], widths[3:], strict=True)]
        return "  ".join([*left, *right]).rstrip()

    return "\n".join([line(head), rule, *map(line, body), rule, line(total)])
