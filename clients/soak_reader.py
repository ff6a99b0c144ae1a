"""Reads for clients/soak.py: `grpc USER` or `map USER` comes in, a line goes out."""

from __future__ import annotations

import hashlib
import os
import sys

from foreword.client import Foreword
from foreword.errors import ForewordError, ServiceError
from foreword.local import LocalReader
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.profile_service_pb2 import GetProfileResponse


def main() -> None:
    """Answer each line of the standard input."""
    with (
        Foreword(os.environ["FOREWORD_TARGET"], raises=True) as client,
        LocalReader(os.environ["FOREWORD_STORE"]) as reader,
    ):
        for line in sys.stdin:
            path, user = line.split()
            try:
                answer = _said(client.profile(user) if path == "grpc" else reader.profile(user))
            except ForewordError as exc:
                reason = exc.reason if isinstance(exc, ServiceError) else type(exc).__name__
                answer = f"error\t{reason}\t{' '.join(exc.message.split())}"
            print(answer, flush=True)


def _said(found: GetProfileResponse) -> str:
    summary = found.profile.semantic_summary
    digest = hashlib.sha256(summary.encode()).hexdigest()
    return f"{Freshness.Name(found.freshness)}\t{summary[:24]}\t{len(summary)}\t{digest}"


if __name__ == "__main__":
    main()
