"""What the files of this folder share."""

from __future__ import annotations

import scipy.fft as scipys

from ..chapters import Chapter

CHAPTER = Chapter(scipys)
smooth, refused, constant = CHAPTER.smooth, CHAPTER.refused, CHAPTER.constant
