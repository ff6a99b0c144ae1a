"""`foreword mcp` over stdin and stdout: as a client starts it, and as a hostile one treats it."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_subscriber import Subscriber, check_told_of_what_it_subscribed_to
from waiting import PATIENCE_SECONDS, until

from foreword.client import TIMEOUT_SECONDS

if TYPE_CHECKING:
    from conftest import Installation

# What a call may take beyond the client's own time: a start of the connection, and a busy machine.
SLACK_SECONDS = 5.0
_INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


class Raw:
    """A server as a child, spoken to line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._count = 0

    def write(self, line: str) -> None:
        """Send a line, whatever it is."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, method: str, params: Any = None) -> dict[str, Any]:
        """Send a request; return the answer to it, past whatever else came."""
        self._count += 1
        self.write(
            json.dumps({"jsonrpc": "2.0", "id": self._count, "method": method, "params": params or {}})
        )
        return self.answer(self._count)

    def answer(self, number: int) -> dict[str, Any]:
        """Return the answer to a request."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            # Nothing but the protocol is on stdout.
            message: dict[str, Any] = json.loads(line)
            if message.get("id") == number and "method" not in message:
                return message
        raise AssertionError("stdout ended")

    def begin(self) -> None:
        """Do what a client does first."""
        assert "result" in self.ask("initialize", _INITIALIZE)
        self.write(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}))

    def text(self, tool: str, **arguments: Any) -> str:
        """Call a tool; return the text it answers."""
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})["result"]
        return str(result["content"][0]["text"])


@contextmanager
def raw(installation: Installation, *arguments: str) -> Iterator[Raw]:
    """Start a server as a child process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "foreword", "mcp", "--user", "mcp-raw", *arguments],
        cwd=installation.folder,
        env=installation.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Raw(process)
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()


def test_a_client_starts_it_and_is_served(serving: Installation) -> None:
    """The SDK's client starts the command, in the old protocol and the new, for the user that it names."""
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "foreword", "mcp", "--namespace", "acme"],
        env={**serving.environment, "FOREWORD_MCP_USER": "mcp-child"},
        cwd=serving.folder,
    )

    async def run(mode: str) -> dict[str, Any]:
        async with Client(stdio_client(started), mode=mode) as client:
            for _ in range(2):
                await client.call_tool("record_event", {"type": "read", "topics": ["chess"]})
            await client.call_tool("correct", {"interested_in": ["chess"]})
            read = await client.call_tool("read_foreword", {})
            assert read.structured_content is not None
            return read.structured_content

    for mode in ("legacy", "auto"):
        assert "chess" in asyncio.run(run(mode))["text"]
    served = serving.run("text", "mcp-child", "--namespace", "acme")
    assert "chess" in served.stdout
    assert "chess" not in serving.run("text", "mcp-child").stdout


def test_a_client_of_an_older_protocol_is_told_of_changes(serving: Installation) -> None:
    """Over stdin and stdout it hears of the resources that it subscribed to, while it does."""
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "foreword", "mcp", "--user", "mcp-told"],
        env=serving.environment,
        cwd=serving.folder,
    )

    async def run() -> None:
        subscriber = Subscriber()
        async with subscriber.client(stdio_client(started)) as client:
            await check_told_of_what_it_subscribed_to(subscriber, client)

    asyncio.run(run())


def test_garbage_on_stdin_is_answered_or_passed_over(serving: Installation) -> None:
    """Lines that are no JSON, no request or far too deep end nothing: the next call is answered."""
    with raw(serving) as client:
        client.begin()
        for line in (
            "",
            "}{",
            "[]",
            "[[[[" * 10_000,
            "null",
            "\x00\x1b[2J",
            '{"jsonrpc": "1.0", "id": 3, "method": "tools/list"}',
            '{"jsonrpc": "2.0", "method": 7}',
            '{"jsonrpc": "2.0", "id": {"a": 1}, "method": "tools/list"}',
            '{"jsonrpc": "2.0", "id": "\\ud800", "result": {}}',
            '{"jsonrpc": "2.0", "id": 99, "method": "tools/call", "params": {"name": {"a": 1}}}',
            '{"jsonrpc": "2.0", "id": 98, "method": "tools/call", "params": []}',
            json.dumps({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}),
            "x" * 5_000_000,
        ):
            client.write(line)
        assert '"freshness": "default"' in client.text("read_foreword")


def test_without_initialize_nothing_is_done(serving: Installation) -> None:
    """A call of the old protocol before the handshake is refused, and after it served."""
    with raw(serving) as client:
        refused = client.ask("tools/call", {"name": "record_event", "arguments": {"type": "read"}})
        assert "error" in refused
        client.begin()
        assert '"beliefs": []' in client.text("explain_beliefs")


def test_unknown_methods_and_wrong_params_are_errors_of_the_protocol(serving: Installation) -> None:
    """A method that is not there and params of the wrong shape are refused, without a word of what went on inside."""
    with raw(serving) as client:
        client.begin()
        assert client.ask("users/list")["error"]["code"] == -32601
        assert client.ask("resources/subscribe", {"uri": "foreword://you"})["error"]["code"] == -32602
        wrong = client.ask("tools/call", {"name": 7})
        assert wrong["error"]["code"] == -32602
        assert "Traceback" not in json.dumps(wrong)


def test_it_ends_when_stdin_does(serving: Installation) -> None:
    """A client that closes stdin, also with calls under way and half a line sent, leaves no process behind."""
    with raw(serving) as client:
        client.begin()
        for number in range(50):
            call = {"name": "read_foreword", "arguments": {}}
            client.write(
                json.dumps({"jsonrpc": "2.0", "id": 1000 + number, "method": "tools/call", "params": call})
            )
        assert client.process.stdin is not None
        client.process.stdin.write('{"jsonrpc": "2.0", "id": 7, "me')
        client.process.stdin.close()
        assert client.process.wait(PATIENCE_SECONDS) == 0


def test_it_ends_on_sigterm(serving: Installation) -> None:
    """SIGTERM ends it with code 0, while it waits for its client."""
    with raw(serving) as client:
        client.begin()
        client.process.send_signal(signal.SIGTERM)
        assert client.process.wait(PATIENCE_SECONDS) == 0


def test_thousands_of_calls_in_a_row_are_answered_in_bounded_memory(serving: Installation) -> None:
    """3,000 calls, of which nobody reads the answers until all are sent, are each answered."""
    with raw(serving) as client:
        client.begin()
        call = {"name": "read_foreword", "arguments": {"max_tokens": 40}}
        for number in range(3000):
            client.write(
                json.dumps({"jsonrpc": "2.0", "id": 1000 + number, "method": "tools/call", "params": call})
            )
            if number % 100 == 99:
                client.answer(1000 + number)
        assert client.text("read_foreword")


def test_without_a_sidecar_reads_are_empty_and_the_rest_says_so(installation: Installation) -> None:
    """With nobody there a foreword is empty, candidates stand as given, and a correction says that nothing holds."""
    with raw(installation) as client:
        client.begin()
        started = time.monotonic()
        assert json.loads(client.text("read_foreword")) == {
            "text": "",
            "token_count": 0,
            "freshness": "unavailable",
            "revision": 0,
        }
        assert json.loads(client.text("read_profile"))["freshness"] == "unavailable"
        ranked = json.loads(client.text("rank", candidates=[{"id": "b"}, {"id": "a"}]))
        assert (ranked["order"], ranked["is_ranked"], ranked["decision_id"]) == (["b", "a"], False, "")
        for tool, arguments in (
            ("correct", {"answers": "shorter"}),
            ("record_event", {"type": "read"}),
            ("forget", {"belief_id": "chess"}),
            ("explain_beliefs", {}),
            ("ask", {"question": "why"}),
            ("rank_feedback", {"decision_id": "a" * 26, "accepted": True}),
        ):
            result = client.ask("tools/call", {"name": tool, "arguments": arguments})["result"]
            assert result["isError"], tool
            sentence = result["content"][0]["text"]
            assert sentence.startswith("no sidecar answers at unix:"), sentence
            assert "\n" not in sentence
        assert time.monotonic() - started < 6 * TIMEOUT_SECONDS + SLACK_SECONDS


def test_a_sidecar_that_hangs_is_waited_for_once(installation: Installation) -> None:
    """A sidecar that takes calls and never answers costs two seconds, and then nothing, until it answers again."""
    with socket.create_server(("127.0.0.1", 0)) as hung:
        address = f"127.0.0.1:{hung.getsockname()[1]}"
        with raw(installation, "--address", address) as client:
            client.begin()
            started = time.monotonic()
            assert '"freshness": "unavailable"' in client.text("read_foreword")
            sentence = client.text("record_event", type="read")
            assert "did not answer" in sentence or "no sidecar answers" in sentence
            first_seconds = time.monotonic() - started
            started = time.monotonic()
            for _ in range(50):
                assert '"freshness": "unavailable"' in client.text("read_foreword")
                assert client.text("record_event", type="read")
            assert first_seconds < 2 * TIMEOUT_SECONDS + SLACK_SECONDS
            assert time.monotonic() - started < TIMEOUT_SECONDS + SLACK_SECONDS


def test_a_sidecar_that_restarts_in_the_middle_is_found_again(
    installation: Installation, up: subprocess.Popen[str]
) -> None:
    """A server outlives its sidecar: unavailable while it is gone, and as before when another one is there."""
    with raw(installation) as client:
        client.begin()
        for _ in range(3):
            client.text("record_event", type="read", topics=["chess"])
        client.text("correct", interested_in=["chess"])
        assert "chess" in client.text("read_foreword")
        up.send_signal(signal.SIGTERM)
        up.wait(PATIENCE_SECONDS)
        assert '"freshness": "unavailable"' in client.text("read_foreword")
        assert "no sidecar answers" in client.text("record_event", type="read")
        again = installation.start("up")
        try:
            until(lambda: "chess" in client.text("read_foreword"), "the next sidecar")
            assert '"is_new": true' in client.text("record_event", type="read")
        finally:
            again.send_signal(signal.SIGTERM)
            again.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "name the user with --user, or the header that names them with --user-header"),
        (["--user", "a", "--user-header", "X-User"], "name the user with --user, or the header"),
        (["--user-header", "X-User"], "--user-header, --http-token-file and --allowed-host are of --http"),
        (["--user", "x" * 257], "user_id: found 257 bytes"),
        (["--user", "a", "--session", "x" * 129], "session_id: found 129 bytes"),
        (["--user", "a", "--http", "7466"], "--http: found '7466'; allowed: HOST:PORT"),
        (["--user", "a", "--http", "0.0.0.0:0"], "--http: found 0.0.0.0 without a token; allowed: loopback"),
        (["--user", "a", "--http", "192.0.2.1:0"], "--http: found 192.0.2.1 without a token"),
    ],
)
def test_wrong_use_is_said_in_one_sentence(
    installation: Installation, arguments: list[str], sentence: str
) -> None:
    """The command refuses to begin where it cannot know whose it is, or would be open to a network."""
    done = installation.run("mcp", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_without_its_extra_it_says_what_to_install(installation: Installation) -> None:
    """Where the SDK is not installed the command names the extra that brings it."""
    absent = (
        "import sys\nsys.modules['mcp'] = None\nfrom foreword.cli import main\n"
        "sys.exit(main(['mcp', '--user', 'ada']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", absent],
        cwd=installation.folder,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "Error: The MCP server needs the 'mcp' extra (pip install 'foreword[mcp]')\n"


def test_a_token_that_can_be_guessed_is_refused(installation: Installation) -> None:
    """An empty, short or broken token is refused by its place, and never shown."""
    installation.environment["FOREWORD_MCP_TOKEN"] = "hunter2"
    done = installation.run("mcp", "--user", "a", "--http", "127.0.0.1:0")
    assert done.returncode != 0
    assert "FOREWORD_MCP_TOKEN: found a token of 7 characters" in done.stderr
    assert "hunter2" not in done.stderr
