"""The native front: a process that answers reads out of the map, and hands all other calls to this one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import subprocess
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path

from foreword.config import Config
from foreword.problems import Problems
from foreword.v1.operator_service_pb2 import FrontStatus
from sidecar.errors import FrontError
from sidecar.front_lines import FrontLines
from sidecar.front_sockets import Listening

logger = logging.getLogger("sidecar")

COMPONENT = "sidecar.front"
# What the lines of the channel mean; native/src/control.rs has the same number.
PROTOCOL = "4"
# A few milliseconds on a busy machine.
_START_SECONDS_MAX = 10.0
# The front answers within a tick; one that says nothing for so long hangs.
_SILENCE_SECONDS_MAX = 10.0
# And so many ticks: after a time in which this process hung, what the front said waits to be read.
_SILENT_TICKS = 3
# It binds nothing and reads no configuration, so that it works at once or never will.
_BACKOFF_SECONDS = 0.1
_BACKOFF_SECONDS_MAX = 5.0
_HEALTHY_SECONDS = 60.0
# Beyond what its calls may take, to end by itself.
_END_SECONDS_MAX = 2.0


def find_binary() -> Path | None:
    """Return the front's program, installed beside this Python; None when it is not.

    Raises:
        FrontError: It does not run here, or is of another version than this sidecar.
    """
    binary = Path(sysconfig.get_path("scripts")) / "foreword-front"
    if not binary.exists():
        return None
    try:
        said = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError) as exc:
        raise FrontError(f"{binary} does not run: {exc}", hint="install foreword-native again") from exc
    if said.stdout.split()[-2:] != ["protocol", PROTOCOL]:
        raise FrontError(
            f"{binary} is {said.stdout.strip()!r}; this sidecar speaks protocol {PROTOCOL}",
            hint="install the foreword-native of this version",
        )
    return binary


class Front:
    """Keeps the front running: started again when it dies or hangs, told the time, and heard about reads.

    Args:
        binary: Its program.
        folder: What it shares with this process, `front_folder`.
        listening: The sockets it serves on; this process keeps its share, so that callers wait while it is started.
    """

    def __init__(
        self,
        binary: Path,
        folder: Path,
        listening: Sequence[Listening],
        *,
        config: Config,
        problems: Problems,
        lines: FrontLines,
    ) -> None:
        self._command = _command(binary, folder, listening, config)
        self._descriptors = [one.socket.fileno() for one in listening]
        self._problems = problems
        self._lines = lines
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._said: dict[str, str] = {}
        self._ready = asyncio.Event()
        self._heard = asyncio.Condition()
        self._beat = self._answered_beat = 0
        self._silent_since = time.monotonic()
        self._silent_ticks = 0
        self._ending = asyncio.Event()
        self._last_end = ""
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, and return once it serves.

        Raises:
            FrontError: It does not.
        """
        self._keeper = asyncio.create_task(self._keep())
        ready = asyncio.create_task(self._ready.wait())
        try:
            await asyncio.wait(
                [self._keeper, ready], timeout=_START_SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            ready.cancel()
        if not self._ready.is_set():
            await self.close()
            raise FrontError(
                f"the front did not start: {self._last_end or 'it says nothing'}",
                hint='set sidecar.native = "off" to do without it',
            )

    def status(self) -> FrontStatus:
        """Return what it has done since the sidecar started."""
        return self._lines.status

    def tick(self) -> None:
        """Tell it what has changed, and end it when it hangs; call this once in a while."""
        if self._writer is None:
            return
        for name, line in self._lines.said():
            self._tell(name, line)
        if self._beat == self._answered_beat:
            self._silent_since = time.monotonic()
            self._beat += 1
            self._write(f"beat {self._beat}")
            self._silent_ticks = 0
            return
        self._silent_ticks += 1
        silent_seconds = time.monotonic() - self._silent_since
        if (
            silent_seconds > _SILENCE_SECONDS_MAX
            and self._silent_ticks > _SILENT_TICKS
            and self._process is not None
        ):
            logger.warning("the front has said nothing for %.1f s; it is ended", silent_seconds)
            self._process.kill()

    async def agree(self) -> None:
        """Return once the front knows what this process does, and this one what the front has noted."""
        async with self._heard:
            await self._heard.wait_for(lambda: self._beat == self._answered_beat)
            self.tick()
            await self._heard.wait_for(lambda: self._beat == self._answered_beat)

    async def drain(self, grace_seconds: float) -> None:
        """Let its calls end, and then itself."""
        self._ending.set()
        self._write(f"drain {1000 * grace_seconds:.0f}")
        if self._keeper is not None:
            await asyncio.wait([self._keeper], timeout=grace_seconds + _END_SECONDS_MAX)
        await self.close()

    async def close(self) -> None:
        """End it at once; does nothing when it has ended."""
        self._ending.set()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        if self._keeper is not None:
            await asyncio.wait([self._keeper])

    # -- keeping it running -----------------------------------------------------------------------------------

    async def _keep(self) -> None:
        delay = _BACKOFF_SECONDS
        while not self._ending.is_set():
            started = time.monotonic()
            self._last_end = await self._run()
            if self._ending.is_set() or not self._ready.is_set():
                return
            self._lines.status.restarts += 1
            if time.monotonic() - started >= _HEALTHY_SECONDS:
                delay = _BACKOFF_SECONDS
            said = f"the front ended with {self._last_end}; it is started again"
            self._problems.note(COMPONENT, "ended", said)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), delay)
            delay = min(2 * delay, _BACKOFF_SECONDS_MAX)

    async def _run(self) -> str:
        """Run it once, to its end; return how it ended."""
        ours, its = socket.socketpair()
        try:
            with its:
                process = self._spawn(its)
        except OSError as exc:
            ours.close()
            return str(exc)
        reader, self._writer = await asyncio.open_unix_connection(sock=ours)
        self._said.clear()
        async with self._heard:
            self._beat = self._answered_beat
            self._heard.notify_all()
        self._lines.status.process_id = process.pid
        try:
            with contextlib.suppress(ConnectionError):
                # A line that it did not live to end is none.
                while (line := await reader.readline()).endswith(b"\n"):
                    await self._hear(line.decode().split())
        finally:
            self._writer.close()
            self._writer = None
            self._lines.gone()
        # Its channel ends with it, or just before.
        _, said = await asyncio.to_thread(process.communicate)
        return " ".join([f"code {process.returncode}", *said.decode(errors="replace").splitlines()[-1:]])

    def _spawn(self, channel: socket.socket) -> subprocess.Popen[bytes]:
        # Not asyncio's own: that one needs the main thread's loop, and there is nothing to wait for here.
        self._process = subprocess.Popen(
            [*self._command, "--control", str(channel.fileno()), "--clock", self._lines.clock],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # It speaks only when it cannot go on. Never this process's own output: whoever reads that to its end would
            # wait for a front that outlives the sidecar.
            stderr=subprocess.PIPE,
            pass_fds=[channel.fileno(), *self._descriptors],
            # Ctrl-C is for the sidecar, which then says how to end.
            start_new_session=True,
        )
        return self._process

    async def _hear(self, words: list[str]) -> None:
        match words:
            case ["beat", number]:
                async with self._heard:
                    self._answered_beat = int(number)
                    self._heard.notify_all()
            case ["ready", _]:
                self._ready.set()
                self._problems.end(COMPONENT, "ended")
                self.tick()
            case _:
                self._lines.hear(words)

    def _tell(self, name: str, line: str) -> None:
        """Say something unless it was said already."""
        if self._said.get(name) != line:
            self._said[name] = line
            self._write(f"{name} {line}")

    def _write(self, line: str) -> None:
        if self._writer is not None:
            self._writer.write(f"{line}\n".encode())


def _command(binary: Path, folder: Path, listening: Sequence[Listening], config: Config) -> list[str]:
    options = {
        "--store": config.store.directory.absolute(),
        "--folder": folder,
        "--readers-max": config.store.readers_max,
        "--alone-seconds": config.sidecar.front_alone_seconds,
    }
    places = [("--listen", f"{one.socket.fileno()}={one.target}") for one in listening]
    pairs = [*options.items(), *places]
    return [str(binary), *(str(part) for pair in pairs for part in pair)]
