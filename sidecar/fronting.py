"""Which of two answers reads: the native front, where there is one, or the sidecar itself."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import grpc

from foreword.addresses import parse_address
from foreword.config import Config
from foreword.errors import StoreLockedError, StoreNotWritableError
from foreword.problems import Problems
from foreword.store import FileLock
from foreword.v1.operator_service_pb2 import FrontStatus
from sidecar.errors import FrontError
from sidecar.front import COMPONENT, Front, find_binary
from sidecar.front_door import SIDECAR_SOCKET, FormerFront, find_former, front_folder
from sidecar.front_lines import FrontLines
from sidecar.front_sockets import FrontSockets
from sidecar.listen import asks_who


class Fronting:
    """Puts the front before the sidecar when it is wanted and there, and does without it otherwise.

    Attributes:
        lines: What it is told and tells.
    """

    def __init__(self, config: Config, problems: Problems, lines: FrontLines) -> None:
        self._config = config
        self._problems = problems
        self.lines = lines
        self._reason = ""
        self._binary = self._folder = Path()
        self._lock: FileLock | None = None
        self._former: FormerFront | None = None
        self._sockets: FrontSockets | None = None
        self._front: Front | None = None

    def choose(self, server: grpc.aio.Server) -> grpc.aio.Server | FrontSockets:
        """Return what plain addresses are bound to: sockets for the front, or the sidecar's own server.

        Plain are those where neither TLS nor a caller's name is asked for: the front knows of neither.
        """
        store = self._config.store.directory
        listed = [parse_address("sidecar.listen", text) for text in self._config.listen_addresses()]
        own = {each.target for each in listed if not each.is_local or asks_who(each, self._config.security)}
        try:
            self._reason = self._absence(is_needed=len(own) < len(listed))
            if not self._reason:
                self._folder = front_folder(store)
                self._lock = FileLock(self._folder / "sidecar.lock", "another sidecar has this store's front")
        except (FrontError, StoreLockedError, StoreNotWritableError) as exc:
            self._reason = str(exc)
            self._problems.note(COMPONENT, "absent", f"the sidecar answers reads itself: {exc}")
        if self._reason:
            self._retire(store)
            return server
        server.add_insecure_port(f"unix:{self._folder / SIDECAR_SOCKET}")
        self._former = find_former(self._folder)
        if self._former is not None and not own.isdisjoint(self._former.sockets):
            # It serves where nothing was asked before. Better nobody there for a moment than one who does not ask.
            self._retire(store)
            self._former.close()
            self._former = None
        self._sockets = FrontSockets(self._former)
        return self._sockets

    def _absence(self, *, is_needed: bool) -> str:
        """Return why there is to be no front, where that is no problem; empty when there is to be one."""
        if self._config.sidecar.native == "off":
            return 'sidecar.native is "off"'
        if not is_needed:
            return "every address asks for TLS or for who calls"
        binary = find_binary()
        if binary is None:
            return "foreword-native is not installed"
        self._binary = binary
        return ""

    def _retire(self, store: Path) -> None:
        """End a front that outlived a sidecar which had one: its addresses are the sidecar's own now."""
        try:
            former = find_former(front_folder(store, make=False))
        except FrontError:
            return
        if former is not None:
            former.replace()
            former.close()

    async def start(self) -> None:
        """Start the front, where there is one, on what was bound; what it hands on waits until the server serves.

        Raises:
            FrontError: It does not start.
        """
        if self._sockets is None:
            return
        self._front = Front(
            self._binary,
            self._folder,
            self._sockets.listening,
            config=self._config,
            problems=self._problems,
            lines=self.lines,
        )
        await self._front.start()
        if self._former is not None:
            # Only now, so that callers have somebody all the time. It says so when it has let go of the addresses.
            await asyncio.to_thread(self._former.replace)
            self._former.close()

    def tick(self) -> None:
        """Keep the front informed; call this once in a while."""
        if self._front is not None:
            self._front.tick()

    async def agree(self) -> None:
        """Return once the front goes by what is so now, and what it has noted is known here."""
        if self._front is not None:
            await self._front.agree()

    def status(self) -> FrontStatus:
        """Return who answers reads."""
        return FrontStatus(reason=self._reason) if self._front is None else self._front.status()

    async def drain(self, grace_seconds: float) -> None:
        """Let the front's calls end, and then the front."""
        if self._sockets is not None:
            # Else callers would go on to connect, and wait for nobody.
            self._sockets.close()
        if self._front is not None:
            await self._front.drain(grace_seconds)

    async def close(self) -> None:
        """Let go of everything, whatever was started."""
        if self._front is not None:
            await self._front.close()
        if self._sockets is not None:
            self._sockets.close()
        if self._former is not None:
            self._former.close()
        if self._lock is not None:
            with contextlib.suppress(OSError):
                # It would stay for each store there ever was. Who serves now has the lock of the store itself.
                self._lock.path.unlink()
                self._folder.rmdir()
            self._lock.release()
