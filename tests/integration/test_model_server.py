"""The model server as a process, asked by the real SDK; and under load."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anthropic
import psutil
import pytest
from model_servers import REFRESH_PROMPT, RunningModelServer, params, running_model_server
from waiting import until

ASKED: Any = params(REFRESH_PROMPT)


@contextmanager
def model_server_process(*options: str) -> Iterator[tuple[str, int]]:
    """Run the command on a free port; give URL and process id."""
    command = [sys.executable, "-m", "foreword", "dev", "model-server", "--json", "--port", "0", *options]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        yield json.loads(running.stdout.readline())["url"], running.pid
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0


@pytest.fixture
def process(tmp_path: Path) -> Iterator[str]:
    """Return the URL of a server that runs as a process, with a fault in its script."""
    script = tmp_path / "faults.toml"
    script.write_text('[[faults]]\nfault = "overloaded"\ntimes = 1\n')
    options = ["--latency", "0", "--batch-wait", "0", "--key", "secret", "--script", str(script)]
    with model_server_process(*options) as (url, _):
        yield url


def fetch(url: str, body: bytes | None = None) -> bytes:
    request = urllib.request.Request(url, data=body, headers={"anthropic-version": "2026-10-21"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return bytes(response.read())


def test_the_sdk_finds_everything_where_it_expects_it(process: str) -> None:
    """Errors, messages, streams, counting and batches of the command's server are what the SDK takes for the API's."""
    with anthropic.Anthropic(base_url=process, api_key="secret", max_retries=0) as client:
        with pytest.raises(anthropic.InternalServerError) as overloaded:
            client.messages.create(**ASKED)
        assert overloaded.value.status_code == 529
        message = client.messages.create(**ASKED)
        with client.messages.stream(**ASKED) as stream:
            streamed = stream.get_final_message()
        assert [block.text for block in streamed.content] == [block.text for block in message.content]
        assert streamed.usage.output_tokens == message.usage.output_tokens
        counted = client.messages.count_tokens(model="m", messages=ASKED["messages"])
        assert counted.input_tokens == message.usage.input_tokens
        batch = client.messages.batches.create(requests=[{"custom_id": "one", "params": ASKED}])
        assert [listed.id for listed in client.messages.batches.list()] == [batch.id]
    with (
        anthropic.Anthropic(base_url=process, api_key="wrong", max_retries=0) as client,
        pytest.raises(anthropic.AuthenticationError),
    ):
        client.messages.create(**ASKED)


def test_a_large_batch_stays_out_of_memory() -> None:
    """20,000 requests of 15 MB pass through a process that grows by less than two thirds of that, and come back."""
    rows = (
        {"custom_id": f"u{number}", "params": params(f"Good morning, {number}! " * 30)}
        for number in range(20_000)
    )
    body = f'{{"requests": [{", ".join(map(json.dumps, rows))}]}}'.encode()
    assert len(body) > 14_000_000
    with model_server_process("--latency", "0", "--batch-wait", "0") as (url, pid):
        memory = psutil.Process(pid).memory_info
        before_bytes = memory().rss
        batch = json.loads(fetch(f"{url}/v1/messages/batches", body))
        peak_bytes = 0

        def has_ended() -> bool:
            nonlocal peak_bytes
            peak_bytes = max(peak_bytes, memory().rss)
            found = json.loads(fetch(f"{url}/v1/messages/batches/{batch['id']}"))
            return bool(found["processing_status"] == "ended")

        until(has_ended, "the batch to end", seconds=90)
        ids = [
            json.loads(line)["custom_id"]
            for line in fetch(f"{url}/v1/messages/batches/{batch['id']}/results").splitlines()
        ]
        peak_bytes = max(peak_bytes, memory().rss)
    assert len(ids) == len(set(ids)) == 20_000
    assert peak_bytes - before_bytes < len(body) * 2 / 3


def test_three_hundred_slow_calls_are_under_way_at_once() -> None:
    """Calls wait beside each other: 300 of them take hardly longer than one, and each is counted."""

    async def ask_all(url: str) -> list[anthropic.types.Message]:
        async with anthropic.AsyncAnthropic(base_url=url, api_key="k", max_retries=0, timeout=60) as client:
            return await asyncio.gather(*(client.messages.create(**ASKED) for _ in range(300)))

    with running_model_server(latency_seconds=2.0) as server:
        messages = asyncio.run(ask_all(server.url))
        (counted,) = server.count()["tokens"]
    assert counted["calls"] == 300
    assert counted["output_tokens"] == sum(message.usage.output_tokens for message in messages)


def test_the_count_stays_exact_while_calls_fail_in_every_way() -> None:
    """With faults of all kinds at once, the count is what the client saw and what was lost on its way."""

    async def ask(client: anthropic.AsyncAnthropic) -> int | str:
        try:
            return (await client.messages.create(**ASKED)).usage.output_tokens
        except anthropic.APIConnectionError:
            return "lost"
        except anthropic.APIStatusError:
            return "refused"

    async def ask_all(server: RunningModelServer) -> list[int | str]:
        async with anthropic.AsyncAnthropic(base_url=server.url, api_key="k", max_retries=0) as client:
            return await asyncio.gather(*(ask(client) for _ in range(200)))

    with running_model_server() as server:
        whole = server.post(ASKED)[1]["usage"]["output_tokens"]
        for fault in ("overloaded", "dropped-mid-body", "dropped-before-headers", "unavailable"):
            server.faults(fault, share=0.2)
        seen = asyncio.run(ask_all(server))
        count = server.count()
    lost = seen.count("lost")
    answered = [one for one in seen if isinstance(one, int)]
    assert lost > 20
    assert count["tokens"][0]["calls"] == 1 + len(answered) + lost
    assert count["tokens"][0]["output_tokens"] == whole + sum(answered) + lost * whole
    assert count["outcomes"] == {
        "answered": 1 + len(answered),
        "unheard": lost,
        "failed": seen.count("refused"),
    }


def test_without_the_extra_the_command_says_what_to_install() -> None:
    """`foreword dev model-server` without aiohttp ends with one sentence that names the extra."""
    code = (
        "import sys; sys.modules['aiohttp'] = None; sys.argv = ['foreword', 'dev', 'model-server']\n"
        "from foreword.cli import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "foreword[model-server]" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_it_says_what_it_was_asked(model_server: RunningModelServer) -> None:
    """Requests are told as they came in, refused ones too, until they are to be forgotten; tools are passed over."""
    asked = params("Hello", tools=[{"name": "search", "input_schema": {"type": "object"}}])
    assert model_server.post(asked)[0] == 200
    assert model_server.post({"model": "m"}, "/v1/chat/completions")[0] == 400
    assert model_server.requests() == [
        {"path": "/v1/messages", "body": asked},
        {"path": "/v1/chat/completions", "body": {"model": "m"}},
    ]
    model_server.clear_requests()
    assert model_server.requests() == []
