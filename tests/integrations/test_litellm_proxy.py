"""LiteLLM's proxy with the hook, run as its documentation says, and asked as an application asks it."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from integrations.beside import EXAMPLES, TEXT, Daemon, environment, localised
from integrations.prompts import flat, parts_of
from ports import free_port
from waiting import until

from foreword.integrations import block_of

if TYPE_CHECKING:
    from model_servers import RunningModelServer

# Not imported here: an import of LiteLLM asks another machine for prices.
pytestmark = pytest.mark.skipif(find_spec("litellm") is None, reason="litellm is not installed")

STATIC = "You help the customers of a shop."
BLOCK = block_of(TEXT)
# The proxy refuses weak ones.
KEY = f"sk-{secrets.token_hex(32)}"


@contextmanager
def proxy(folder: Path, sidecar_port: int, server: RunningModelServer) -> Iterator[str]:
    """Run the proxy of the example until it answers."""
    for name in ("litellm_hook.py", "litellm_config.yaml"):
        localised(EXAMPLES / "integrations" / name, folder, sidecar_port)
    port = free_port()
    command = [str(Path(sys.executable).with_name("litellm")), "--config", "litellm_config.yaml"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env=environment(server) | {"LITELLM_MASTER_KEY": KEY, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: lives(url, process), lambda: (folder / "log").read_text()[-2000:], seconds=300)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def lives(url: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the proxy ended"
    with suppress(OSError), urllib.request.urlopen(f"{url}/health/liveliness", timeout=5) as response:
        return bool(response.status == 200)
    return False


def ask(url: str, path: str, **body: Any) -> dict[str, Any]:
    """Ask the proxy as an application does, which has read none of ours."""
    sent = json.dumps({"model": "claude-haiku-4-5", "max_tokens": 100, **body}).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
    with urllib.request.urlopen(urllib.request.Request(url + path, sent, headers), timeout=60) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


@pytest.mark.timeout(500)
def test_proxy(daemon: Daemon, tmp_path: Path, model_server: RunningModelServer) -> None:
    """Chat completions and messages get the end user's foreword behind the system prompt, without an end user none;
    what the user asked is in the store; with the sidecar killed the proxy answers as before.
    """
    turns = [{"role": "user", "content": "How do I export invoices?"}]
    with_system = [{"role": "system", "content": STATIC}, *turns]
    with proxy(tmp_path, daemon.port, model_server) as url:
        ask(url, "/v1/chat/completions", messages=with_system, user="example-ada")
        ask(url, "/v1/chat/completions", messages=with_system)
        ask(url, "/v1/messages", system=STATIC, messages=turns, metadata={"user_id": "example-ada"})
        told, untold, told_too = (one["body"] for one in model_server.requests())
        for body in (told, told_too):
            assert parts_of(body) == [("system", STATIC), ("system", BLOCK), ("user", turns[0]["content"])]
        assert BLOCK not in flat(untold)
        until(lambda: len(daemon.events("example-ada")) == 2)
        daemon.kill()
        # Read a moment ago: a conversation keeps its text. Another user has none, and neither waits for one.
        ask(url, "/v1/chat/completions", messages=with_system, user="example-bob")
        assert BLOCK not in flat(model_server.requests()[-1]["body"])
