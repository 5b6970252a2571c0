"""What the files of this folder share."""

from __future__ import annotations

import scipy.spatial.transform as scipys

from ...chapters import Chapter

CHAPTER = Chapter(scipys)
refused = CHAPTER.refused
