"""All that one folder holds of answers, opened together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Self

from foreword.clock import Clock
from foreword.config import Tiering
from foreword.embedding import Embedder
from foreword.errors import FieldError
from foreword.store.v1.answers_pb2 import Lease
from foreword.v1.core_pb2 import Core
from tiering.accounts import Accounts
from tiering.askers import Askers
from tiering.cores import Asked, Cores
from tiering.digest import Digests
from tiering.failures import Failures
from tiering.lease import Leases
from tiering.matching import difference
from tiering.nearest import Nearest
from tiering.secret import cache_secret
from tiering.shelf import Shelf
from tiering.writing import PROMPT_REVISION

CONTEXT_BYTES_MAX = 200_000
# What people put is small beside what models make, and nothing of it goes by itself.
_KEPT_BYTES_MAX = 1 << 46


@dataclass(frozen=True, slots=True)
class Cache:
    """What is kept of answers, each part by its own name.

    Attributes:
        context: Text that every core is written from; empty when there is none.
        embedder: Makes vectors of questions; None without.
        nearest: None without vectors.
        claims: Leases that an application holds, longer than those of a process.
    """

    context: str
    kept: Shelf
    made: Shelf
    digests: Digests
    cores: Cores
    leases: Leases
    claims: Leases
    failures: Failures
    askers: Askers
    accounts: Accounts
    embedder: Embedder | None
    nearest: Nearest | None

    @classmethod
    def open(
        cls,
        folder: Path,
        tiering: Tiering,
        clock: Clock,
        settings: Callable[[], Tiering] | None = None,
    ) -> Self:
        """Open the cache in a folder, made when there is none.

        Args:
            folder: Where it is.
            tiering: What it is opened with.
            clock: Tells the time.
            settings: Returns what is in force now, of what may change; None: `tiering` for good.

        Raises:
            CacheError: It cannot be opened.
            FieldError: `tiering.context_file` cannot be read.
            MissingExtraError: `tiering.embedding` wants an extra that is not installed.
        """
        current = settings or (lambda: tiering)
        context = _context(tiering.context_file)
        secret = cache_secret(folder)
        digests = Digests(secret)
        kept = Shelf(folder / "kept", secret, eviction="none", size_bytes_max=_KEPT_BYTES_MAX)
        made = Shelf(
            folder / "made", secret, eviction="least-recently-stored", size_bytes_max=tiering.size_bytes_max
        )
        cores = Cores(
            kept,
            made,
            digests,
            model=tiering.model,
            prompt=PROMPT_REVISION,
            corpus=_corpus(tiering.corpus_revision, context),
        )
        longest = max(tiering.lease_seconds, tiering.claim_seconds)
        askers = Askers(made, clock)
        embedder = _embedder(tiering)
        if embedder is not None:
            # The words that a slip of the pen may mean are read now, in the thread of the start, not on the event loop.
            difference("wrod", "word")
        return cls(
            context=context,
            kept=kept,
            made=made,
            digests=digests,
            cores=cores,
            leases=Leases(made, clock, tiering.lease_seconds, seconds_max=longest),
            claims=Leases(made, clock, tiering.claim_seconds, seconds_max=longest),
            failures=Failures(made, clock, tiering.failure_seconds),
            askers=askers,
            accounts=Accounts(made, askers, current, clock),
            embedder=embedder,
            nearest=None
            if embedder is None
            else Nearest(
                cores,
                (kept, made),
                lambda text: embedder.embed(text).values,
                embedder.model,
                similarity_min=tiering.similarity_min,
            ),
        )

    def put(self, asked: Asked, core: Core, *, lease: Lease | None = None, replace: bool = True) -> bool:
        """Store a core as `Cores.put` does, with the vector of its question.

        Raises:
            CoreExistsError: There is a curated one, and it may not be replaced.
            CacheError: The cache cannot be written.
        """
        vector, model = b"", ""
        if self.embedder is not None:
            vector, model = self.embedder.embed(asked.question).values, self.embedder.model
        return self.cores.put(asked, core, vector=vector, vector_model=model, lease=lease, replace=replace)

    def close(self) -> None:
        """Close both files."""
        self.kept.close()
        self.made.close()


def _context(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        data = file.read_bytes()
        text = data.decode()
    except (OSError, UnicodeDecodeError) as exc:
        raise FieldError("tiering.context_file", f"{file}: {exc}", "a file of UTF-8 text") from exc
    if len(data) > CONTEXT_BYTES_MAX:
        raise FieldError(
            "tiering.context_file", f"{len(data):,} bytes in {file}", f"at most {CONTEXT_BYTES_MAX:,} bytes"
        )
    return text


def _corpus(revision: str, context: str) -> str:
    """Return what a core's facts are from: another text is another corpus, whether or not somebody says so."""
    return f"{revision}:{blake2b(context.encode(), digest_size=8).hexdigest()}" if context else revision


def _embedder(tiering: Tiering) -> Embedder | None:
    if tiering.embedding == "none" or tiering.mode == "off":
        return None
    # Brings 100 MB of libraries and weights: only where it is wanted.
    from foreword.embedding import load_embedder

    return load_embedder(tiering.embedding)
