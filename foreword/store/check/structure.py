"""Whether the pages of an LMDB file form sound trees, found out without LMDB."""

from __future__ import annotations

from io import BufferedReader
from typing import Any

from lmdb import verify

from foreword.store.files import DATA_FILE
from foreword.store.snapshot import Snapshot


class PinnedFile:
    """The data file as a snapshot sees it, though others go on writing.

    The verifier starts from the newer of the two meta pages in front, which a commit replaces: they are shown as
    they were when the snapshot was taken. All other pages of the snapshot stay as long as it is held.
    """

    def __init__(self, file: BufferedReader, head: bytes) -> None:
        self._file = file
        self._head = head
        self._offset = 0

    def seek(self, offset: int) -> None:
        """Go to a place in the file."""
        self._offset = offset

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes from the place gone to."""
        start = self._offset
        self._offset += size
        if self._offset <= len(self._head):
            return self._head[start : self._offset]
        self._file.seek(start)
        return self._file.read(size)


def structural_faults(snapshot: Snapshot) -> list[str]:
    """Return what is wrong with the trees of a snapshot; empty when they are sound."""
    data = snapshot.environment.path / DATA_FILE
    with data.open("rb") as file:
        verifier: Any = verify._Verifier(PinnedFile(file, snapshot.head), data.stat().st_size)  # type: ignore[no-untyped-call]
        try:
            return [str(fault) for fault in verifier.verify()]
        except (verify.VerifyError, ValueError, ArithmeticError, LookupError, RecursionError) as exc:
            return [f"it cannot be walked: {exc}"]
