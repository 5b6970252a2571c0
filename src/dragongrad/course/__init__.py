"""The course of the manual: its chapters, their explorer pages, pictures and exercises, as a folder for a class.

The text is `docs/course/` of the manual. `write` makes of it what `dragongrad course` writes: pages that need no
network. The manual's own build takes explorer pages and pictures from here.
"""

from .chapters import CHAPTERS, Chapter
from .pack import WRITTEN, chosen, write, write_explorations
from .pictures import draw

__all__ = ["CHAPTERS", "WRITTEN", "Chapter", "chosen", "draw", "write", "write_explorations"]
