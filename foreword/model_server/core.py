"""What every way to ask has in common: faults, the cache, the thinking, and the count."""

from __future__ import annotations

from dataclasses import dataclass

from foreword.clock import Clock
from foreword.model_server.answer import Answer, write_answer
from foreword.model_server.fault_plan import FaultPlan
from foreword.model_server.faults import Fault, FaultKind
from foreword.model_server.identifiers import Identifiers
from foreword.model_server.options import Options
from foreword.model_server.prompt_cache import PromptCache
from foreword.model_server.question import Question
from foreword.model_server.rate_limit import RateLimit
from foreword.model_server.request_log import RequestLog
from foreword.model_server.tally import Tally
from foreword.model_server.thinking import Thinker
from foreword.model_server.usage import Tier


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a question comes from.

    Attributes:
        path: Of the request.
        own_faults: Those that its `x-fault` header asks for.
    """

    path: str
    own_faults: FaultPlan


class Core:
    """The model behind all endpoints.

    Attributes:
        options: How it was started.
        clock: Tells the time.
        tally: The exact count.
        faults: The rules in force for all.
        limit: Of requests and tokens.
        names: Makes ids.
        requests: What was asked of late.
    """

    def __init__(self, options: Options, clock: Clock) -> None:
        self.options = options
        self.clock = clock
        self.tally = Tally()
        self.faults = FaultPlan(options.seed, options.rules)
        self.names = Identifiers(options.seed)
        self.requests = RequestLog()
        self.limit = RateLimit(options.per_minute, clock.now_ms())
        self._cache = PromptCache()
        self._thinker = Thinker(options.seed, is_nonsense=options.is_nonsense)

    def fault(self, kind: FaultKind, asked: Asked) -> Fault | None:
        """Return the fault to put in now, those of the request's own header first; counted."""
        now_ms = self.clock.now_ms()
        found = asked.own_faults.take(kind, asked.path, now_ms) or self.faults.take(kind, asked.path, now_ms)
        if found is not None:
            self.tally.faults[found.name] += 1
        return found

    def answer(self, question: Question, asked: Asked, tier: Tier) -> Answer:
        """Return an answer. It is counted here and now: whether it arrives changes nothing about its cost."""
        now_ms = self.clock.now_ms()
        wait_ms = round(self.options.latency_seconds * 1000) if tier == "standard" else 0
        read = self._cache.read(question, now_ms, now_ms + wait_ms)
        text, stop_reason = self._thinker.think(question, self.fault("answer", asked))
        answer_id = self.names.make("msg")
        answer = write_answer(question, text, stop_reason, answer_id=answer_id, read=read, tier=tier)
        self.tally.add(question.model, tier, answer.usage, now_ms)
        return answer
