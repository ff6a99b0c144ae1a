"""The Python client: what the sidecar knows of a user, in one line, and never an exception unless asked for."""

from foreword.client.aio import AsyncForeword
from foreword.client.answers import Answer, AsyncAnswer
from foreword.client.base import DEFAULT_TARGET, TIMEOUT_SECONDS
from foreword.client.candidates import CandidateLike, ContextLike
from foreword.client.events import EventFields, EventLike
from foreword.client.failures import error_reason
from foreword.client.ranking import Ranking
from foreword.client.sync import Foreword

__all__ = [
    "DEFAULT_TARGET",
    "TIMEOUT_SECONDS",
    "Answer",
    "AsyncAnswer",
    "AsyncForeword",
    "CandidateLike",
    "ContextLike",
    "EventFields",
    "EventLike",
    "Foreword",
    "Ranking",
    "error_reason",
]
