"""Both daemons as real processes on a temporary store."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from foreword.cli.probe import is_serving
from foreword.config import Config
from foreword.config_file import ConfigFile
from foreword.errors import ForewordError

START_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 60.0
_POLL_SECONDS = 0.05
# A unix socket's path ends at 107 bytes; some TMPDIRs are longer than that.
_FOLDER_BYTES_MAX = 80


class DemoDaemons:
    """`foreword up` on a store of its own under a temporary folder, on a free loopback port.

    Args:
        as_of_ms: When their clock begins.
        keep: They outlive this process.
        model_url: Where the model they ask is; empty for none.

    Attributes:
        folder: Holds configuration, log and store.
        config: What the daemons were started with.
        process: The supervisor.
    """

    def __init__(self, as_of_ms: int, *, keep: bool, model_url: str = "") -> None:
        self.folder = _temporary_folder()
        self.config_file = self.folder / "foreword.toml"
        self.log = self.folder / "foreword.log"
        self.started_ms = time.time_ns() // 1_000_000
        self._as_of_ms = as_of_ms
        self._lifeline = os.pipe()
        self.config = self._configure(model_url)
        self.process = self._start(keep=keep)

    @property
    def address(self) -> str:
        """The unix socket."""
        return self.config.listen_addresses()[0]

    @property
    def port_address(self) -> str:
        """The loopback port."""
        return self.config.listen_addresses()[1]

    def wait_until_serving(self) -> None:
        """Return when the sidecar answers.

        Raises:
            ForewordError: It does not within 30 seconds.
        """
        deadline = time.monotonic() + START_SECONDS_MAX
        while not is_serving(self.address):
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = self.log.read_text(errors="replace").strip().splitlines() or ["they said nothing"]
                raise ForewordError("the daemons did not start", hint=said[-1])
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """End both daemons and remove the folder."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder)

    def _configure(self, model_url: str) -> Config:
        listen = f'["unix:{{store}}/foreword.sock", "127.0.0.1:{_free_port()}"]'
        store = self.folder / "store"
        text = f'[store]\ndirectory = "{store}"\n\n[sidecar]\nlisten = {listen}\n'
        if model_url:
            text += f'\n[agent]\nprovider = "anthropic"\nbase_url = "{model_url}"\n'
        self.config_file.write_text(text)
        return ConfigFile.find(self.config_file).read(environ={})

    def _start(self, *, keep: bool) -> subprocess.Popen[bytes]:
        reading, _ = self._lifeline
        # Tied to this process, so that not even kill -9 of the demo leaves daemons behind; unless they are to stay.
        tie = [] if keep else ["--lifeline", str(reading)]
        command = [sys.executable, "-m", "foreword", "up", "--config", str(self.config_file), *tie]
        command += ["--as-of-ms", str(self._as_of_ms), str(self.started_ms)]
        own = {name: value for name, value in os.environ.items() if not name.startswith("FOREWORD_")}
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                command,
                env=own,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=() if keep else (reading,),
                # Ctrl-C is ours to handle; and a daemon that stays must not hang on this terminal.
                start_new_session=True,
            )
        os.close(reading)
        return process


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="foreword-demo-"))
    if len(str(folder)) > _FOLDER_BYTES_MAX:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="foreword-demo-", dir="/tmp"))
    return folder


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
