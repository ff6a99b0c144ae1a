"""`foreword mcp --http`: who is let in, for whom, and what a hostile client gets."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_subscriber import Subscriber, check_told_of_what_it_subscribed_to

from foreword.mcp.http import CONNECTIONS_MAX

if TYPE_CHECKING:
    from conftest import Installation

PATIENCE_SECONDS = 30
TOKEN = "correct-horse-battery-staple"
_ACCEPT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
_INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
_READ = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/call",
    "params": {"name": "read_foreword", "arguments": {}},
}


@contextmanager
def http_server(
    installation: Installation, *arguments: str, token: str = "", log: Path | None = None
) -> Iterator[str]:
    """Run a server on a free port; yield its URL. It ends on SIGTERM with code 0."""
    environment = installation.environment | ({"FOREWORD_MCP_TOKEN": token} if token else {})
    command = [sys.executable, "-m", "foreword", "mcp", "--http", "127.0.0.1:0", "--json", *arguments]
    with ExitStack() as stack:
        stderr = None if log is None else stack.enter_context(log.open("w"))
        process = stack.enter_context(
            subprocess.Popen(
                command,
                cwd=installation.folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        )
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"]
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) == 0
        finally:
            process.kill()


@pytest.fixture(scope="module")
def one_user(serving: Installation) -> Iterator[str]:
    """The URL of a server of one user on loopback, without a token."""
    with http_server(serving, "--user", "mcp-http") as url:
        yield url


@pytest.fixture(scope="module")
def proxied(serving: Installation) -> Iterator[str]:
    """The URL of a server behind a proxy that names users, with a token."""
    with http_server(
        serving, "--user-header", "X-Foreword-User", "--allowed-host", "mcp.example", token=TOKEN
    ) as url:
        yield url


def post(url: str, body: Any, **headers: Any) -> tuple[int, str, http.client.HTTPMessage]:
    """Send a body as it is; return status, body and headers of the answer."""
    parts = urlsplit(url)
    assert parts.hostname
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE_SECONDS)
    sent = _ACCEPT | {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(
            "POST", parts.path, body if isinstance(body, (str, bytes)) else json.dumps(body), sent
        )
        response = connection.getresponse()
        return response.status, response.read().decode(), response.headers
    finally:
        connection.close()


def told(url: str, headers: dict[str, str], *calls: tuple[str, dict[str, Any]], mode: str) -> list[Any]:
    """Make calls of tools with the SDK's client; return their structured answers."""

    async def run() -> list[Any]:
        async with AsyncExitStack() as stack:
            transport = streamable_http_client(
                url, http_client=await stack.enter_async_context(httpx2.AsyncClient(headers=headers))
            )
            client = await stack.enter_async_context(Client(transport, mode=mode))
            results = [await client.call_tool(name, arguments) for name, arguments in calls]
            assert not [result.content for result in results if result.is_error]
            return [result.structured_content for result in results]

    return asyncio.run(run())


def session_of(url: str, **headers: Any) -> str:
    """Begin a session of the old protocol; return its id."""
    status, _, answered = post(url, _INITIALIZE, **headers)
    assert status == 200
    session: str = answered["mcp-session-id"]
    post(url, {"jsonrpc": "2.0", "method": "notifications/initialized"}, mcp_session_id=session, **headers)
    return session


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_one_user_is_served_in_both_protocols(one_user: str, mode: str) -> None:
    """The SDK's client calls tools over HTTP, in the old protocol and the new."""
    event = ("record_event", {"type": "read", "topics": ["chess"], "event_id": mode})
    kept, read = told(one_user, {}, event, ("read_foreword", {}), mode=mode)
    assert kept == {"event_id": mode, "is_new": True}
    assert read["freshness"] in {"default", "fresh"}


def test_a_client_of_an_older_protocol_is_told_of_changes(one_user: str) -> None:
    """Over HTTP it hears of the resources that it subscribed to, while it does."""

    async def run() -> None:
        subscriber = Subscriber()
        async with subscriber.client(streamable_http_client(one_user)) as client:
            await check_told_of_what_it_subscribed_to(subscriber, client)

    asyncio.run(run())


def test_the_token_file_is_followed(serving: Installation, tmp_path: Path) -> None:
    """A new token is asked for from the next request on, in a session too; a damaged file changes nothing."""
    file, anew = tmp_path / "token", tmp_path / "anew"
    file.write_text(f"{TOKEN}\n")
    with http_server(serving, "--user", "mcp-http", "--http-token-file", str(file)) as url:
        first, second = ({"Authorization": f"Bearer {token}"} for token in (TOKEN, f"{TOKEN}-2"))
        session = session_of(url, **first)
        file.write_text("")
        assert post(url, _READ, mcp_session_id=session, **first)[0] == 200
        file.unlink()
        assert post(url, _READ, mcp_session_id=session, **first)[0] == 200
        anew.write_text(f"{TOKEN}-2")
        anew.rename(file)
        assert post(url, _READ, mcp_session_id=session, **first)[0] == 401
        assert post(url, _READ, mcp_session_id=session, **second)[0] == 200


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_proxy_names_the_user_of_each_request(serving: Installation, proxied: str, mode: str) -> None:
    """Two users behind one proxy each read their own foreword, tools and resources alike."""
    for user, topic in (("mcp-ann", "chess"), ("mcp-bob", "jazz")):
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Foreword-User": user}
        calls = [("record_event", {"type": "read", "topics": [topic]})] * 4
        *_, read = told(
            proxied,
            headers,
            *calls,
            ("correct", {"interested_in": [topic]}),
            ("read_foreword", {}),
            mode=mode,
        )
        assert topic in read["text"]
    assert "jazz" not in serving.run("text", "mcp-ann").stdout
    assert "chess" not in serving.run("text", "mcp-bob").stdout


def test_a_session_is_its_users_alone(proxied: str) -> None:
    """A session of one user is not there for another, whoever learned its id."""
    ann = {"Authorization": f"Bearer {TOKEN}", "X_Foreword_User": "mcp-ann"}
    session = session_of(proxied, **ann)
    status, body, _ = post(proxied, _READ, mcp_session_id=session, **ann)
    assert status == 200
    assert "freshness" in body
    status, body, _ = post(proxied, _READ, mcp_session_id=session, **(ann | {"X_Foreword_User": "mcp-bob"}))
    assert (status, "freshness" in body) == (404, False)


@pytest.mark.parametrize(
    ("headers", "status", "sentence"),
    [
        ({}, 401, "say the server's token"),
        ({"Authorization": TOKEN}, 401, "say the server's token"),
        ({"Authorization": "Bearer "}, 401, "say the server's token"),
        ({"Authorization": f"Bearer {TOKEN}x"}, 401, "say the server's token"),
        ({"Authorization": f"Basic {TOKEN}"}, 401, "say the server's token"),
        ({"Authorization": f"Bearer {TOKEN}"}, 400, "x-foreword-user: found it 0 times"),
        ({"Authorization": f"Bearer {TOKEN}", "X_Foreword_User": ""}, 400, "user_id: found"),
        ({"Authorization": f"Bearer {TOKEN}", "X_Foreword_User": b"\xff"}, 400, "not UTF-8"),
        ({"Authorization": f"Bearer {TOKEN}", "X_Foreword_User": "x" * 257}, 400, "user_id: found 257 bytes"),
    ],
)
def test_without_token_or_user_nobody_is_let_in(
    proxied: str, headers: dict[str, Any], status: int, sentence: str
) -> None:
    """A request without the token or without a user is refused before anything of it is read."""
    found, body, answered = post(proxied, _INITIALIZE, **headers)
    assert (found, sentence in body) == (status, True), body
    assert (answered["www-authenticate"] == "Bearer") == (status == 401)


def test_a_user_named_twice_is_refused(proxied: str) -> None:
    """Who sends the proxy's header themselves, beside the proxy's own, is let in as neither."""
    parts = urlsplit(proxied)
    assert parts.hostname
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE_SECONDS)
    connection.putrequest("POST", parts.path)
    for name, value in (
        *_ACCEPT.items(),
        ("authorization", f"Bearer {TOKEN}"),
        ("x-foreword-user", "mcp-ann"),
        ("X-Foreword-User", "mcp-bob"),
        ("content-length", "2"),
    ):
        connection.putheader(name, value)
    connection.endheaders(b"{}")
    response = connection.getresponse()
    assert response.status == 400
    assert b"found it 2 times" in response.read()
    connection.close()


def test_pages_in_a_browser_are_kept_out(one_user: str, proxied: str) -> None:
    """A name that resolves to loopback does not make a page's request one of ours; a name that was allowed does."""
    assert post(one_user, _INITIALIZE, Host="evil.example")[0] == 421
    assert post(one_user, _INITIALIZE, Origin="https://evil.example")[0] == 403
    assert post(one_user, _INITIALIZE, Host="mcp.example")[0] == 421
    known = {"Authorization": f"Bearer {TOKEN}", "X_Foreword_User": "mcp-ann"}
    assert post(proxied, _INITIALIZE, Host="mcp.example", Origin="https://mcp.example", **known)[0] == 200
    assert post(one_user, "{}", content_type="text/plain")[0] == 400


def test_hostile_bodies_are_refused_and_the_next_is_served(one_user: str) -> None:
    """Bodies that are too large, no JSON or no request are refused by their status, and the server goes on."""
    assert post(one_user, b"x" * ((1 << 20) + 1))[0] == 413
    for body in ("}{", "[]", "null", "[" * 100_000, b"\xff\xfe", '{"jsonrpc":"2.0","id":1,"method":7}'):
        assert post(one_user, body)[0] == 400, body
    assert post(one_user, _READ)[0] == 400
    assert post(one_user, _READ, mcp_session_id="0" * 32)[0] == 404
    session = session_of(one_user)
    # With a user smuggled into the arguments, the meta data and a header that nobody was told to trust.
    call = {"name": "read_foreword", "arguments": {"user_id": "mcp-ann"}, "_meta": {"user_id": "mcp-ann"}}
    status, body, _ = post(
        one_user, _READ | {"params": call}, mcp_session_id=session, X_Foreword_User="mcp-ann"
    )
    assert status == 200
    assert "set where this server is started" in body
    assert "freshness" in post(one_user, _READ, mcp_session_id=session)[1]


def test_what_ends_in_the_middle_of_a_request_ends_nothing(serving: Installation, tmp_path: Path) -> None:
    """A client that announces a body and goes away leaves the server as it was, and nothing in its log."""
    log = tmp_path / "log"
    with http_server(serving, "--user", "mcp-http", log=log) as url:
        parts = urlsplit(url)
        assert parts.hostname
        session = session_of(url)
        for _ in range(20):
            connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE_SECONDS)
            connection.putrequest("POST", parts.path)
            for name, value in (*_ACCEPT.items(), ("mcp-session-id", session), ("content-length", "1000")):
                connection.putheader(name, value)
            connection.endheaders(b'{"jsonrpc"')
            connection.close()
        assert post(url, _READ, mcp_session_id=session)[0] == 200
    assert "Traceback" not in log.read_text()


def test_who_only_connects_keeps_nobody_out(one_user: str) -> None:
    """More connections than are served, on none of which anything is said, and the next client is."""
    parts = urlsplit(one_user)
    assert parts.hostname
    assert parts.port
    with ExitStack() as silent:
        for _ in range(CONNECTIONS_MAX + 20):
            silent.enter_context(socket.create_connection((parts.hostname, parts.port), PATIENCE_SECONDS))
        assert session_of(one_user)


def test_sessions_are_limited(serving: Installation) -> None:
    """One session more than are allowed is refused until one ends; those that are open go on."""
    with http_server(serving, "--user", "mcp-many", "--sessions-max", "5") as url:
        first, second, *_ = (session_of(url) for _ in range(5))
        assert post(url, _INITIALIZE)[0] == 503
        assert "freshness" in post(url, _READ, mcp_session_id=first)[1]
        parts = urlsplit(url)
        assert parts.hostname
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE_SECONDS)
        connection.request("DELETE", parts.path, headers={"mcp-session-id": second})
        assert connection.getresponse().status == 200
        connection.close()
        assert post(url, _INITIALIZE)[0] == 200
