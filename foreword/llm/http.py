"""How connections to a model's server are made."""

from __future__ import annotations

import logging
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

# A connection that is not there by then will not be: the rest of a call's time is the model's.
CONNECT_SECONDS_MAX = 10.0
# Connections kept open without a call; a server of one's own is asked again within this time.
IDLE_SECONDS = 30.0

# These log every request, and at the level of debugging its body: what users did, which belongs in no log.
_TALKATIVE = ("anthropic", "openai", "httpx2", "httpcore2")


def http_client(server: str, *, timeout_seconds: float, calls_max: int) -> dict[str, Any]:
    """Return the arguments for the SDK's HTTP client.

    Args:
        server: Where the server is.
        timeout_seconds: Longest time of one call.
        calls_max: Calls under way at once.
    """
    import httpx2

    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Two more than there are calls: batches and the usage report are asked beside them.
    connections = calls_max + 2
    return {
        "base_url": server,
        "timeout": httpx2.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS_MAX, timeout_seconds)),
        "limits": httpx2.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=IDLE_SECONDS
        ),
        # A redirect would carry users' data to a server that nobody configured.
        "follow_redirects": False,
        # A proxy from the environment has no way to a server on this machine.
        "trust_env": not _is_here(server),
    }


def _is_here(server: str) -> bool:
    host = urlsplit(server).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
