"""Alerts on their way to a webhook: behind everything else, tried again, never twice on purpose."""

from __future__ import annotations

import asyncio
import json
import logging
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from foreword.followed_config import FollowedConfig

logger = logging.getLogger("sidecar")

# In all some ten hours: longer than most outages of whoever is told.
WAITS_SECONDS = (1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 3600.0, 3600.0, 3600.0, 3600.0, 3600.0, 3600.0, 3600.0)
# Alerts that wait, some hundred bytes each; there are two a breach.
WAITING_MAX = 1000


@dataclass(frozen=True)
class Alert:
    """What a webhook is told.

    Attributes:
        alert_id: The same whenever this alert is sent: by it a receiver knows a repetition.
        kind: freshness.broken or freshness.kept.
        segment: Its name in the configuration.
        promised_share: Share of profiles that must not be expired; None when nothing is promised any more.
        found_share: Share that is not.
        user_count: Profiles of the segment's users.
        time: When it was seen, in RFC 3339.
    """

    alert_id: str
    kind: str
    segment: str
    promised_share: float | None
    found_share: float | None
    user_count: int | None
    time: str


class Alerts:
    """Sends alerts one after the other, where a webhook is configured.

    Args:
        live: Where to, and how long a receiver may take.
        waits_seconds: After each failure; then an alert is given up, which the log says.
    """

    def __init__(self, live: FollowedConfig, waits_seconds: tuple[float, ...] = WAITS_SECONDS) -> None:
        self._live = live
        self._waits_seconds = waits_seconds
        self._waiting: asyncio.Queue[Alert] = asyncio.Queue(WAITING_MAX)

    def send(self, alert: Alert) -> None:
        """Queue an alert; does nothing without a webhook."""
        if not self._live.current.telemetry.alert_webhook_url:
            return
        try:
            self._waiting.put_nowait(alert)
        except asyncio.QueueFull:
            logger.warning("an alert of segment %s is dropped: %d wait", alert.segment, WAITING_MAX)

    async def run(self) -> None:
        """Send what is queued until cancelled."""
        while True:
            await self._deliver(await self._waiting.get())

    async def _deliver(self, alert: Alert) -> None:
        for wait_seconds in (*self._waits_seconds, None):
            telemetry = self._live.current.telemetry
            # Asked for each time: an operator may mend the address meanwhile, or take it out.
            if not telemetry.alert_webhook_url:
                return
            reason = await asyncio.to_thread(
                _post, telemetry.alert_webhook_url, alert, telemetry.alert_webhook_timeout_seconds
            )
            if not reason:
                return
            # Without the path, which is often a secret.
            host = urlsplit(telemetry.alert_webhook_url).hostname
            if wait_seconds is None:
                logger.warning("an alert of segment %s is given up: %s: %s", alert.segment, host, reason)
                return
            logger.info("an alert is sent again in %g s: %s: %s", wait_seconds, host, reason)
            await asyncio.sleep(wait_seconds)


def _post(url: str, alert: Alert, timeout_seconds: float) -> str:
    """Send an alert; return why it did not arrive, empty when it did.

    By the standard library: one small request now and then, in a thread, is no reason for a package.
    """
    request = urllib.request.Request(
        url,
        data=json.dumps(asdict(alert)).encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": alert.alert_id},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout_seconds):
            return ""
    except urllib.error.HTTPError as exc:
        return f"HTTP {exc.code}"
    except (OSError, ValueError) as exc:
        return type(exc).__name__
