"""Views as files: the ending of a name says in which form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ..core.errors import ArgumentError
from ..files import replace


def save(path: str | Path, what: str, forms: Mapping[str, Callable[[], str | bytes]]) -> Path:
    """Write a view in the form of the name's ending; the file is there whole or not at all.

    Parameters
    ----------
    path : str or Path
    what : str
        The view, as the message has it.
    forms : mapping of str to callable
        What makes the contents, for each ending in small letters.

    Returns
    -------
    Path

    Raises
    ------
    ArgumentError
        There is no form of this ending, or no such folder.
    """
    path = Path(path)
    made = forms.get(path.suffix.lower())
    if made is None:
        raise ArgumentError(f"{what} is written as {', '.join(forms)}, not as {path.name!r}")
    contents = made()
    replace(path, lambda file: file.write(contents.encode() if isinstance(contents, str) else contents))
    return path
