"""The classic forward mode: every Variable carries the tangents of all directions of its inputs; no graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..context import WATCH
from ..core.block import Block
from ..core.errors import ArgumentError
from ..core.level import Level
from ..core.variable import Variable
from ..transforms.evaluate import evaluate, rewrap
from ..transforms.pushforward import push_masked
from ..transforms.watch import check_forward
from ..transforms.zeros import Dot
from .jacobian import Inputs

# Below every transform's level: a transform may differentiate around a classic Variable, never inside it.
CLASSIC_SERIAL = 0


def refuse_other_mode(level: Level, args: tuple[Any, ...]) -> None:
    """Refuse to mix Variables that were made in different modes."""
    for a in args:
        if isinstance(a, Variable) and a.level is not level and a.level.serial == CLASSIC_SERIAL:
            raise ArgumentError(
                "Variables made in forward mode and in reverse mode cannot be mixed: make them all after the "
                "same ad.set_mode(...)"
            )


class ClassicForward(Level):
    """The level of forward-mode Variables; the link is a dict from `Inputs` to a batched `Dot`."""

    __slots__ = ()

    def __init__(self) -> None:
        self.serial, self.ended = CLASSIC_SERIAL, False

    def differentiates(self, x: Variable) -> bool:
        """Whether a Variable depends on an input."""
        return bool(x.link)

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Compute the value, and push the tangents of every direction along at once."""
        refuse_other_mode(self, args)
        values: list[Any] = []
        links: list[dict[Inputs, Any]] = []
        for a in args:
            if isinstance(a, Variable) and a.level is self:
                like: Any = a
                values.append(a.data)
                links.append(a.link)
            else:
                values.append(a)
                links.append({})
        out = evaluate(self, block, values, params)
        watched = WATCH.get()
        if watched:
            check_forward(block, args, out)
        if block.kind == "constant":
            return out
        dots = {}
        for inputs in dict.fromkeys(key for link in links for key in link):
            found = push_masked(block, out, values, [link.get(inputs) for link in links], params)
            if found is not None:
                dots[inputs] = found
            if watched and found is not None:
                check_forward(block, args, out, dots=(lambda _, dot=found.dot: dot,))
        if block.outputs == 1:
            return like.another(np.asarray(out), dots)
        parts = [
            like.another(o, {key: Dot(found.dot[i], None) for key, found in dots.items()})
            if o.dtype.kind in "fc"
            else o
            for i, o in enumerate(out)
        ]
        return rewrap(out, parts)


FORWARD = ClassicForward()
