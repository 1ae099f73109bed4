"""Rows that stay in their file: memory-mapped float32, read a stretch at a time.

A system counts the pages that a process has touched as its memory, although it can take them back
at any time. They are given back here after each stretch, so that what a fit needs does not grow
with the file.
"""

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np

BLOCK = 2**18  # rows read at once


def is_mapped(X: Any) -> bool:
    """Tell whether `X` is a memory-mapped array that can be trained on as it is."""
    if not (isinstance(X, np.memmap) and X.dtype == np.float32 and X.dtype.isnative):
        return False
    # What was changed in memory alone (mode "c") is lost when its pages are given back; what was
    # computed from a mapping, or unpickled, is of its class and has none.
    is_file = X.mode != "c" and X._mmap is not None
    return is_file and X.ndim == 2 and X.flags.c_contiguous


def blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield all rows as float64; those of a mapped file in blocks."""
    if not is_mapped(rows):
        yield rows
        return
    for start in range(0, len(rows), BLOCK):
        yield np.asarray(rows[start : start + BLOCK], dtype=np.float64)
        release(rows)


def release(rows: np.ndarray) -> None:
    """Give pages of a mapped file back to the system; they are read again when needed."""
    if is_mapped(rows) and hasattr(mmap, "MADV_DONTNEED"):
        rows._mmap.madvise(mmap.MADV_DONTNEED)
