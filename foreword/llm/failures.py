"""What went wrong with a call, as a ModelError that never holds the key."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from foreword.llm.answer import TokenUsage
from foreword.llm.errors import ModelError, ModelFailure
from foreword.llm.rate_limit import RateLimit, retry_after_seconds

# What a server says is shown to operators in one line; a page of HTML is not what they need.
_SAID_CHARACTERS_MAX = 300

# Every call with the same key fails likewise: 402 wants a payment.
_UNAUTHORIZED = (401, 402, 403)

# The request reached a model that may have worked on it when what stands before it gave up.
_AFTER_THE_MODEL = (502, 504, 520, 522, 524)

_TOO_LARGE = "lower agent.batch_users_max or agent.prompt_tokens_max"


class Failures:
    """Words for the failures of one server.

    Args:
        server: Where it is, as an operator knows it.
        secret: The key, which is taken out of everything the server or a library says.
        key_hint: What to do when the key is not accepted.
        limits: Reads the rate limits from an answer's headers.
    """

    def __init__(
        self,
        server: str,
        secret: str,
        *,
        key_hint: str,
        limits: Callable[[Mapping[str, str]], tuple[RateLimit, ...]],
    ) -> None:
        self._server = server
        self._secret = secret
        self._key_hint = key_hint
        self._limits = limits

    def __repr__(self) -> str:
        return f"Failures({self._server!r})"

    def status(self, status: int, headers: Mapping[str, str], body: str, request_id: str) -> ModelError:
        """Return what an answer other than 200 means."""
        failure, hint = self._kind(status)
        return ModelError(
            f"the model's server at {self._server} answered {status}: {self.cleaned(_message(headers, body))}",
            failure=failure,
            hint=hint,
            retry_after_seconds=retry_after_seconds(headers),
            may_be_billed=status in _AFTER_THE_MODEL,
            request_id=self.cleaned(request_id),
            limits=self._limits(headers),
            status=status,
        )

    def timed_out(self, seconds: float, *, sent: bool) -> ModelError:
        """Return that nothing came in time; `sent` says whether the request may have arrived."""
        return ModelError(
            f"the model's server at {self._server} did not answer within {seconds:g} s",
            failure="timed_out",
            hint="it is asked again later; agent.timeout_seconds sets how long an answer may take",
            may_be_billed=sent,
        )

    def broken(self, exc: BaseException, *, sent: bool) -> ModelError:
        """Return that there was no connection, or that it broke."""
        what = "broke the connection" if sent else "cannot be reached"
        cause = exc.__cause__ or exc
        return ModelError(
            f"the model's server at {self._server} {what}: {self.cleaned(str(cause)) or type(cause).__name__}",
            failure="unavailable",
            hint="" if sent else "see agent.base_url, and whether this machine reaches it",
            may_be_billed=sent,
        )

    def malformed(self, what: str, *, usage: TokenUsage | None = None, request_id: str = "") -> ModelError:
        """Return that an answer is none of the protocol's; what it cost is known only with `usage`."""
        return ModelError(
            f"the model's server at {self._server} answered with {self.cleaned(what)}",
            failure="malformed",
            hint="see agent.base_url: is it a server for agent.provider?",
            may_be_billed=True,
            usage=usage,
            request_id=self.cleaned(request_id),
        )

    def too_large(self, what: str) -> ModelError:
        """Return that a request is larger than the API takes, and was not sent."""
        return ModelError(
            f"the model's server at {self._server} takes no {what}", failure="rejected", hint=_TOO_LARGE
        )

    def cause(self, exc: BaseException) -> BaseException | None:
        """Return what an error may be raised from: nothing that would show the key in a traceback."""
        chain: BaseException | None = exc
        while chain is not None:
            if self._secret and self._secret in f"{chain!s} {chain!r}":
                return None
            chain = chain.__cause__ or chain.__context__
        return exc

    def cleaned(self, text: str) -> str:
        """Return a foreign text in one line of printable characters, short, and without the key."""
        if self._secret:
            text = text.replace(self._secret, "[key]")
        line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
        return line if len(line) <= _SAID_CHARACTERS_MAX else f"{line[:_SAID_CHARACTERS_MAX]}…"

    def _kind(self, status: int) -> tuple[ModelFailure, str]:
        known: dict[int, tuple[ModelFailure, str]] = {
            **dict.fromkeys(_UNAUTHORIZED, ("unauthorized", self._key_hint)),
            404: ("rejected", "see agent.model and agent.base_url"),
            408: ("timed_out", ""),
            413: ("rejected", _TOO_LARGE),
            429: ("rate_limited", ""),
            529: ("overloaded", ""),
        }
        if status in known:
            return known[status]
        if status >= 500:
            return "unavailable", ""
        return "rejected", "agent.base_url leads elsewhere" if status < 400 else ""


def _message(headers: Mapping[str, str], body: str) -> str:
    """Return what an error's body says: both protocols have it under `error`."""
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        kind = headers.get("content-type", "").partition(";")[0] or "no type"
        return f"a body of {kind}" if body else "an empty body"
    error = said.get("error", said) if isinstance(said, dict) else said
    message = error.get("message", error) if isinstance(error, dict) else error
    return message if isinstance(message, str) else json.dumps(message)
