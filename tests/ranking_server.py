"""A RankingService that answers as a test says, on a real socket: for what no healthy sidecar does on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import grpc
from answer_server import RefusedError

from foreword.v1 import ranking_service_pb2_grpc

Say = Callable[[Any], Any]


class ScriptedRanking(ranking_service_pb2_grpc.RankingServiceServicer):
    """Answers each call as a test says, and keeps what was asked."""

    def __init__(self, says: dict[str, Say]) -> None:
        self._says = says
        self._lock = threading.Lock()
        self.asked: list[Any] = []
        for name in ("RankActions", "RecordFeedback", "ExplainRanking"):
            setattr(self, name, partial(self._unary, name))

    def _unary(self, name: str, request: Any, context: Any) -> Any:
        with self._lock:
            self.asked.append(request)
        try:
            return self._says[name](request)
        except RefusedError as refused:
            context.abort_with_status(refused.status)


@contextmanager
def ranking_server(**says: Say) -> Iterator[tuple[str, ScriptedRanking]]:
    """Serve what a test says on a free port; yield the address and what is asked there."""
    service = ScriptedRanking(says)
    server = grpc.server(ThreadPoolExecutor(2))
    ranking_service_pb2_grpc.add_RankingServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}", service
    finally:
        server.stop(0).wait()
