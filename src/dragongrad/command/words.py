"""Which words of a command line are options, and which are values: `-x**2` is a formula, `-o` an option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from typer.core import TyperCommand


class Command(TyperCommand):
    """A command whose values may begin with a minus."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words, those that cannot be options as values."""
        options = [p for p in self.get_params(ctx) if p.param_type_name == "option"]
        takes = {name: not getattr(p, "is_flag", False) for p in options for name in (*p.opts, *p.secondary_opts)}
        return super().parse_args(ctx, values_last(args, takes))


def values_last(words: Sequence[str], takes: Mapping[str, bool]) -> list[str]:
    """The options, then `--`, then the values.

    Parameters
    ----------
    words : sequence of str
        In the order in which they were typed.
    takes : mapping of str to bool
        The names of the options, and whether each takes a value.

    Examples
    --------
    >>> from dragongrad.command.words import values_last
    >>> values_last(["-x**2", "x=1", "-o", "gd", "--force"], {"-o": True, "--force": False})
    ['-o', 'gd', '--force', '--', '-x**2', 'x=1']

    """
    options: list[str] = []
    values: list[str] = []
    left = iter(words)
    for word in left:
        name, equals, _ = word.partition("=")
        if word == "--":
            values += left
        elif name in takes and name.startswith("--"):
            options += [word] if equals or not takes[name] else [word, *_next(left)]
        elif word in takes:
            options += [word, *(_next(left) if takes[word] else [])]
        elif word.startswith("--") or _are_short(word, takes):
            options.append(word)
        else:
            values.append(word)
    return [*options, "--", *values]


def _next(left: Any) -> list[str]:
    return [word for word in [next(left, None)] if word is not None]


def _are_short(word: str, takes: Mapping[str, bool]) -> bool:
    """Whether a word is an option of one letter with its value at once (`-ogd`), or several that take none."""
    if takes.get(word[:2], False):
        return True
    return len(word) > 1 and word[0] == "-" and all(takes.get(f"-{c}", True) is False for c in word[1:])
