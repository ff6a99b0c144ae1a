"""Running a model server until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from foreword.clock import SystemClock
from foreword.model_server.options import Options
from foreword.model_server.server import ModelServer


async def serve(options: Options, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; `ready` is told the URL.

    Raises:
        FieldError: The port is taken.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = ModelServer(options, SystemClock())
    await server.start()
    try:
        ready(server.url)
        await stopping.wait()
    finally:
        await server.stop()
