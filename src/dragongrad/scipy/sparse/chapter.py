"""What the files of this folder share."""

from __future__ import annotations

import scipy.sparse as scipys

from ..chapters import Chapter

CHAPTER = Chapter(scipys)
smooth, own, refused = CHAPTER.smooth, CHAPTER.own, CHAPTER.refused
