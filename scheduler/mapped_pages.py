"""Keeping the daemon's resident memory flat over stores of any size."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

# A working set of hot pages; a sweep over all users touches every page once and needs none of them again.
_FILE_BYTES_MAX = 64 << 20
_MADV_DONTNEED = 4
_MAPS = Path("/proc/self/maps")
_STATM = Path("/proc/self/statm")


def release_pages(environments: Iterable[Path]) -> bool:
    """Let go of the store's mapped pages once they take more than 64 MB; return whether that was done.

    The pages stay in the system's cache and come back with the next access, so nothing is lost but a moment. LMDB
    maps files read-only and writes them by other means, so there is nothing to save. Reopening the environments
    would do the same, and disturb whoever reads. Does nothing where there is no /proc.

    Args:
        environments: Folders of the environments.
    """
    if not _MAPS.exists() or _resident_file_bytes() <= _FILE_BYTES_MAX:
        return False
    files = {str(folder / "data.mdb") for folder in environments}
    madvise = ctypes.CDLL(None).madvise
    for line in _MAPS.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        # address range, permissions, offset, device, inode, path
        parts = line.split(maxsplit=5)
        if len(parts) == 6 and parts[5] in files:
            start, end = (int(number, 16) for number in parts[0].split("-"))
            madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_DONTNEED)
    return True


def _resident_file_bytes() -> int:
    """Return how much of the process's resident memory is pages of files, its own code included."""
    return int(_STATM.read_text().split()[2]) * os.sysconf("SC_PAGE_SIZE")
