"""What the files of this folder share."""

from __future__ import annotations

import scipy.integrate as scipys

from ..chapters import Chapter

CHAPTER = Chapter(scipys)
smooth, own, refused, constant = CHAPTER.smooth, CHAPTER.own, CHAPTER.refused, CHAPTER.constant
