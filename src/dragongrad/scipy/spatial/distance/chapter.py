"""What the files of this folder share."""

from __future__ import annotations

import scipy.spatial.distance as scipys

from ...chapters import Chapter

CHAPTER = Chapter(scipys)
smooth, refused = CHAPTER.smooth, CHAPTER.refused
