"""Running a function in a process of its own that may kill itself, hang, or be ended by what it reads.

pytest's process is never forked: it has threads by then, of gRPC, of Arrow, of the store, and a lock that one of them
holds at the fork is held in the child for ever. A fork server without threads is forked instead. It imports what a
function needs once, so that a child costs milliseconds; a fresh interpreter for each would cost a second.
"""

from __future__ import annotations

import atexit
import faulthandler
import json
import os
import pickle
import select
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn

# A child takes well under a second; one that takes this long hangs, and is ended.
HANG_SECONDS = 60.0
# How much longer the fork server may take to say so.
_GRACE_SECONDS = 30.0
_TESTS = Path(__file__).parent
_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); import forked; forked.serve()"
# numpy and Arrow start threads when they are imported, unless they are told not to.
_WITHOUT_THREADS = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}

# The file of what is told; there is one in a child alone.
_told: int | None = None


class Child(NamedTuple):
    """What became of a child."""

    code: int
    """0 when the function returned, 1 when it raised or hung, else how it ended itself; -9 for SIGKILL."""
    told: list[Any]
    """What it told, in that order."""
    errors: str
    """What it wrote to standard error: the traceback, and when it hung the stacks of its threads."""


def run(work: Callable[..., object], *arguments: object) -> Child:
    """Run `work(*arguments)` in a child and wait for its end.

    What this process has patched is as ever in the child: pass what must differ.

    Args:
        work: A function of a module, or a partial of one.
        arguments: Whatever can be pickled.

    Raises:
        RuntimeError: Nothing was heard of the child for long after it must have ended.
        EOFError: The fork server ended.
    """
    code, told, errors = _answer(pickle.dumps(partial(work, *arguments)))
    stream = BytesIO(told)
    values = []
    while stream.tell() < len(told):
        values.append(pickle.load(stream))
    return Child(code, values, errors.decode("utf-8", "replace"))


def _answer(request: bytes) -> tuple[int, bytes, bytes]:
    server = _server()
    try:
        return _asked(server, request)
    except BaseException:
        # When pytest-timeout ends the wait for an answer, whoever asks next must not take it for his own.
        server.kill()
        server.wait()
        _server.cache_clear()
        raise


def _asked(server: subprocess.Popen[bytes], request: bytes) -> tuple[int, bytes, bytes]:
    assert server.stdin
    assert server.stdout
    pickle.dump(request, server.stdin)
    server.stdin.flush()
    if not select.select([server.stdout], [], [], HANG_SECONDS + _GRACE_SECONDS)[0]:
        raise RuntimeError("found no word of the fork server; its child must have ended long ago")
    answer: tuple[int, bytes, bytes] = pickle.load(server.stdout)
    return answer


def tell(value: object) -> None:
    """In a child: let `run` return this value too, however the child ends after that."""
    assert _told is not None, "found no one to tell; allowed in a child that `run` made"
    os.write(_told, pickle.dumps(value))


def fork() -> int:
    """In a child: fork it as `os.fork` does, where forking is what is tested; both are ended when they hang."""
    # The thread that watches for hanging holds a lock, which the next one would wait for.
    faulthandler.cancel_dump_traceback_later()
    child = os.fork()
    _end_when_hanging()
    return child


@cache
def _server() -> subprocess.Popen[bytes]:
    # Test modules are found by their names from the root, what they share in the folder of the tests.
    path = [str(_TESTS), str(_TESTS.parent), *(folder for folder in sys.path if folder)]
    server = subprocess.Popen(
        [sys.executable, "-c", _START, json.dumps(path)],
        cwd=_TESTS.parent,
        env=os.environ | _WITHOUT_THREADS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    atexit.register(_stop, server)
    return server


def _stop(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin
    with suppress(BrokenPipeError):
        server.stdin.close()
    server.wait()


# -- in the fork server -------------------------------------------------------------------------------------------


def serve() -> None:
    """Fork a child for each pickled function on standard input, and answer with what became of it, until its end."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Children are to see neither.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    while True:
        try:
            request = pickle.load(requests)
        except EOFError:
            return
        pickle.dump(_ended(request), answers)
        answers.flush()


def _ended(request: bytes) -> tuple[int, bytes, bytes]:
    """Return the exit code of a child, what it told, and its errors."""
    try:
        work = pickle.loads(request)
        _refuse_threads()
    except Exception:
        return 1, b"", traceback.format_exc().encode()
    # Not pipes: what a child started, and leaves behind, may hold them open.
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if not child:
            _be_child(work, told, errors)
        _, status = os.waitpid(child, 0)
        told.seek(0), errors.seek(0)
        return os.waitstatus_to_exitcode(status), told.read(), errors.read()


def _refuse_threads() -> None:
    """Python's own list is not enough: those of libraries hold locks, too."""
    threads = Path("/proc/self/task")
    if threads.exists() and len(names := [(task / "comm").read_text() for task in threads.iterdir()]) > 1:
        raise RuntimeError(
            f"found the threads {names} after importing; allowed: one, so that forking is safe"
        )


def _end_when_hanging() -> None:
    """Have this process write the stacks of its threads and end when it still runs after HANG_SECONDS."""
    faulthandler.dump_traceback_later(HANG_SECONDS, exit=True, file=2)


def _be_child(work: Callable[[], object], told: IO[bytes], errors: IO[bytes]) -> NoReturn:
    global _told  # noqa: PLW0603 - one child, one file; passed along, every function run here would have to take it
    code = 1
    try:
        os.dup2(errors.fileno(), 1)
        os.dup2(errors.fileno(), 2)
        _end_when_hanging()
        _told = told.fileno()
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)
