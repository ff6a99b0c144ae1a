"""What can be configured of being watched: alerts, metrics and traces."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from foreword.addresses import parse_address
from foreword.config_section import Section
from foreword.errors import FieldError

_URL_CHARACTERS_MAX = 2048


class Telemetry(Section):
    """Who is told how the daemons do, beside log and status."""

    alert_webhook_url: Annotated[str, Field(max_length=_URL_CHARACTERS_MAX)] = ""
    """Where alerts are sent to by POST as JSON, such as https://hooks.example.com/foreword; tried again for hours
    (docs/operations.md). Empty: nowhere."""
    alert_webhook_timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    """How long the receiver may take to answer."""
    sidecar_metrics_listen: str = ""
    """Where the sidecar serves `/metrics` to Prometheus, such as 127.0.0.1:9464: `HOST:PORT` or `[IPV6]:PORT`. Without
    TLS and without a key: figures, segments and methods, never a user. Empty: nowhere, since a port nobody asked for is
    one too many."""
    scheduler_metrics_listen: str = ""
    """Where the scheduler does, such as 127.0.0.1:9465. Empty: nowhere."""
    traces_url: Annotated[str, Field(max_length=_URL_CHARACTERS_MAX)] = ""
    """Where spans are sent to as OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces; needs the extra `tracing`.
    Headers, such as a key, come from OpenTelemetry's own variable OTEL_EXPORTER_OTLP_HEADERS. Empty: nowhere."""
    traces_share: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Share of calls and refreshes that are traced, where a caller that is traced itself does not say. A traced call
    takes some 30 % more of the processor, so that one in a hundred takes nothing that can be measured."""

    @field_validator("alert_webhook_url", "traces_url")
    @classmethod
    def _url(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname):
            # Not shown: such addresses are often secret.
            raise ValueError("found something else; allowed: an address that begins with http:// or https://")
        return url

    @field_validator("sidecar_metrics_listen", "scheduler_metrics_listen")
    @classmethod
    def _address(cls, text: str) -> str:
        if not text:
            return text
        try:
            address = parse_address("listen", text)
        except FieldError as exc:
            raise ValueError(f"found {exc.found}; allowed: HOST:PORT or [IPV6]:PORT") from exc
        if address.path:
            raise ValueError(
                f"found {text!r}; allowed: HOST:PORT or [IPV6]:PORT, for Prometheus reads no sockets"
            )
        return text

    @model_validator(mode="after")
    def _ports_differ(self) -> Telemetry:
        ours, theirs = self.sidecar_metrics_listen, self.scheduler_metrics_listen
        if ours and ours == theirs and not ours.endswith(":0"):
            raise FieldError(
                "telemetry.scheduler_metrics_listen",
                f"{theirs}, where the sidecar serves its metrics",
                "an address of its own for each daemon",
            )
        return self
