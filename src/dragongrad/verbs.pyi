"""The verbs that declare a Block, as type checkers know them: what they make is an `ad.Block` too.

At run time `isinstance` says so, as the class of users' own Blocks has that of the core registered; checkers see no
registered classes.
"""

from collections.abc import Callable
from typing import Any

from .classic.block import Block as _OwnBlock
from .core.block import Block as _CoreBlock

class DeclaredBlock(_CoreBlock, _OwnBlock):  # type: ignore[misc]
    """What a verb makes: both kinds of Block, of which no object is made here."""

def elementwise(
    fn: Any,
    *partials: Any,
    symbol: str | None = ...,
    domain: Any = ...,
    singular: bool = ...,
    selects: bool = ...,
    forward: Callable[..., Any] | None = ...,
    name: str | None = ...,
    dispatches: bool = ...,
    inlined: bool = ...,
) -> DeclaredBlock: ...
def linear(fn: Any, *transposes: Callable[..., Any] | None, **options: Any) -> DeclaredBlock: ...
def multilinear(fn: Any, *transposes: Callable[..., Any] | None, **options: Any) -> DeclaredBlock: ...
def general(
    fn: Any,
    *,
    pullback: Callable[..., Any] | None = ...,
    pushforward: Callable[..., Any] | None = ...,
    **options: Any,
) -> DeclaredBlock: ...
def constant(fn: Any, *, parameters: tuple[str, ...] | None = ..., **options: Any) -> DeclaredBlock: ...
