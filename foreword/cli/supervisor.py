"""Keeping daemons running: start, restart with backoff, forward their output, stop them together."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from foreword.cli.readiness import Readiness
from foreword.errors import ForewordError

# A daemon that fails so soon after its first start will not do better on the second: bad config, a lock held.
STARTUP_SECONDS = 5.0
BACKOFF_SECONDS = 0.5
BACKOFF_MAX_SECONDS = 30.0
# About three minutes of trying; a daemon that ran for HEALTHY_SECONDS starts over with none.
DEATHS_MAX = 10
HEALTHY_SECONDS = 60.0
# A longer line of output is cut into pieces of this size.
LINE_BYTES_MAX = 1 << 20


class DaemonError(ForewordError):
    """A supervised daemon cannot be kept running."""


@dataclass
class Daemon:
    """One daemon under supervision.

    Attributes:
        name: What its lines are marked with.
        command: How it is started; `{lifeline}` stands for the file descriptor that ties it to the supervisor, and
            `{ready}` for the one through which it says that it works.
        ready: Called each time it has said so, with the addresses it serves on.
        is_vital: Whether the others end when it cannot be kept running.
        process: The running process, or None between two.
        deaths: How often it died since it last ran for a good while.
        last_lines: The newest lines it said.
    """

    name: str
    command: Sequence[str]
    ready: Callable[[list[str]], None] = lambda _addresses: None
    is_vital: bool = True
    process: Process | None = None
    deaths: int = 0
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=5))


class Supervisor:
    """Runs daemons until told to stop, or until one of them cannot be kept running.

    Args:
        daemons: What to run.
        say: Takes `(daemon name, line)`; an empty name is the supervisor's own word.
        stop_seconds: How long a daemon may take to end after SIGTERM before it is killed.
    """

    def __init__(
        self, daemons: Sequence[Daemon], say: Callable[[str, str], None], stop_seconds: float
    ) -> None:
        self._daemons = daemons
        self._say = say
        self._stop_seconds = stop_seconds
        self._stopping = asyncio.Event()
        self._lifeline_read, self._lifeline_write = os.pipe()

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT; a second one kills what still runs.

        Raises:
            DaemonError: A daemon failed at its start, died too often, or had to be killed at the end.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        keepers = [asyncio.create_task(self._keep(daemon)) for daemon in self._daemons]
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait([*keepers, stopped], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stopping.set()
            killed = await self._stop_all(keepers)
            os.close(self._lifeline_read)
            os.close(self._lifeline_write)
        for keeper in keepers:
            keeper.result()
        if killed:
            raise DaemonError(f"{' and '.join(killed)} did not end in time and had to be killed")

    def stop(self) -> None:
        """Ask all daemons to end; asked again, kill them."""
        number = signal.SIGKILL if self._stopping.is_set() else signal.SIGTERM
        self._stopping.set()
        for daemon in self._daemons:
            _send(daemon, number)

    async def _keep(self, daemon: Daemon) -> None:
        """Run one daemon again and again until all is to stop."""
        first = True
        while not self._stopping.is_set():
            started = time.monotonic()
            code = await self._run_once(daemon)
            if self._stopping.is_set():
                return
            seconds = time.monotonic() - started
            if first and code > 0 and seconds < STARTUP_SECONDS:
                raise _ended(daemon, "did not start")
            first = False
            daemon.deaths = 1 if seconds >= HEALTHY_SECONDS else daemon.deaths + 1
            if daemon.deaths > DEATHS_MAX:
                given_up = _ended(daemon, f"died {daemon.deaths} times")
                if daemon.is_vital:
                    raise given_up
                self._say("", f"{given_up}; it is not started again, and the others go on")
                await self._stopping.wait()
                return
            delay = min(BACKOFF_SECONDS * 2 ** (daemon.deaths - 1), BACKOFF_MAX_SECONDS)
            self._say("", f"the {daemon.name} {_how_ended(code)}; starting it again in {delay:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)

    async def _run_once(self, daemon: Daemon) -> int:
        readiness = Readiness(daemon.ready)
        descriptors = {"{lifeline}": self._lifeline_read, "{ready}": readiness.descriptor}
        process = await asyncio.create_subprocess_exec(
            *(str(descriptors.get(part, part)) for part in daemon.command),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            limit=LINE_BYTES_MAX,
            # A session of its own: Ctrl-C reaches the supervisor alone, which then stops all in order.
            start_new_session=True,
            pass_fds=tuple(descriptors.values()),
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        readiness.handed_over()
        daemon.process = process
        if self._stopping.is_set():
            _send(daemon, signal.SIGTERM)
        try:
            await self._forward(daemon, process)
            return await process.wait()
        finally:
            daemon.process = None
            readiness.close()

    async def _forward(self, daemon: Daemon, process: Process) -> None:
        assert process.stdout is not None
        while line := await _next_line(process.stdout):
            text = line.decode(errors="replace").rstrip("\n")
            daemon.last_lines.append(text)
            self._say(daemon.name, text)

    async def _stop_all(self, keepers: Sequence[asyncio.Task[None]]) -> list[str]:
        """End what still runs; return the names of those that had to be killed."""
        for daemon in self._daemons:
            _send(daemon, signal.SIGTERM)
        _, pending = await asyncio.wait(keepers, timeout=self._stop_seconds)
        killed = [daemon.name for daemon in self._daemons if _send(daemon, signal.SIGKILL)]
        if pending:
            await asyncio.wait(pending)
        return killed


async def _next_line(stream: asyncio.StreamReader) -> bytes:
    """Return the next line, or a piece of one that exceeds the limit; empty at the end."""
    try:
        return await stream.readuntil(b"\n")
    except asyncio.IncompleteReadError as exc:
        return exc.partial
    except asyncio.LimitOverrunError as exc:
        return await stream.readexactly(exc.consumed)


def _send(daemon: Daemon, number: signal.Signals) -> bool:
    """Send a signal to a daemon; return whether it was still running."""
    if daemon.process is None or daemon.process.returncode is not None:
        return False
    with contextlib.suppress(ProcessLookupError):
        daemon.process.send_signal(number)
        return True
    return False


def _ended(daemon: Daemon, how: str) -> DaemonError:
    """Return the error with a daemon's last words as its reason, in whichever form it was told to put them."""
    said = [line for line in daemon.last_lines if line.strip()]
    reason, hint = said[-1].removeprefix("Error: ") if said else "it said nothing", ""
    try:
        error = json.loads(reason)["error"]
        reason, hint = str(error["message"]), str(error["hint"])
    except (ValueError, TypeError, KeyError):
        # Text has its hint in it.
        pass
    return DaemonError(f"the {daemon.name} {how}: {reason}", hint=hint)


def _how_ended(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
