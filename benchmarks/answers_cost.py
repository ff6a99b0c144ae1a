"""What answers of many users cost, with each wrapper and untiered, against the model server, by its own count."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.model_server import RunningModelServer, model_server
from benchmarks.styles import STYLES, styled_profile
from benchmarks.table import Table
from foreword.clock import SystemClock
from foreword.config import Config, Tiering
from foreword.llm import Model, TokenUsage, connect, cost_pico_usd
from foreword.v1.answer_pb2 import HitKind, Tier
from foreword.v1.answer_service_pb2 import AnswerRequest
from tiering.answers import Answers, Asker
from tiering.asking import Asking
from tiering.cache import Cache
from tiering.style import style_of
from tiering.writing import private_request

QUESTIONS = 1_000
USERS = 100
ASKED = 10_000
WRAPPERS = ("deterministic", "plan", "rewrite")
# Asked at once: more than one, as many users do; few, for the machine is shared.
AT_ONCE = 8
_PICO_A_DOLLAR = 10**12

_THINGS = (
    "invoices reports projects webhooks tokens dashboards exports backups teams domains forms labels filters charts "
    "boards tasks notes folders alerts events"
).split()
_ACTS = (
    "create delete rename share copy move archive restore export import sort group filter print schedule "
    "pause resume lock unlock publish hide pin tag merge split link duplicate preview translate validate "
    "encrypt sign approve reject assign review comment follow mute search download upload sync reset "
    "configure customise embed migrate audit convert"
).split()
# Two hundred tokens, as long as a foreword may be.
_FOREWORD = (
    "About this user\n" + "Works on the parts that take payments, and has read of limits and retries. " * 12
)


@dataclass
class Side:
    """What one way to answer cost."""

    pico_usd: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    hits: Counter[int] = field(default_factory=Counter)
    fallbacks: int = 0


def run() -> Table:
    """Ask the same questions in the same order with each wrapper, and untiered."""
    table = Table(
        "answers_cost",
        f"What {ASKED:,} answers cost",
        "python -m benchmarks answers_cost",
        (
            "answers",
            "USD",
            "to untiered",
            "calls for cores",
            "for words",
            "for one alone",
            "answered by a core",
        ),
    )
    asked = _asked()
    with model_server() as server:
        untiered = asyncio.run(_untiered(server, asked))
        usd = untiered.pico_usd / _PICO_A_DOLLAR
        table.add("untiered", f"{usd:.2f}", "100 %", "", "", f"{ASKED:,}", "")
        for wrapper in WRAPPERS:
            side = asyncio.run(_tiered(server, wrapper, asked))
            alone = side.hits[HitKind.HIT_KIND_PRIVATE] + side.hits[HitKind.HIT_KIND_FIRST_ASKER]
            table.add(
                wrapper,
                f"{side.pico_usd / _PICO_A_DOLLAR:.2f}",
                f"{side.pico_usd / untiered.pico_usd:.1%}",
                *(f"{side.calls[name]:,}" for name in ("core", "wrapper", "private")),
                f"{1 - alone / ASKED:.1%}",
            )
            if side.fallbacks:
                table.notes.append(f"{wrapper}: {side.fallbacks:,} answers fell back to deterministic words.")
    distinct = len({question for _, question in asked})
    table.notes += [
        f"{ASKED:,} questions of {USERS} users of {STYLES} styles, drawn by Zipf's law (exponent 1) from "
        f"{QUESTIONS:,}, of which {distinct:,} came; {AT_ONCE} at a time, from an empty cache, with the default of two "
        "askers before a core is written. Costs are of the tokens that the model server counted, at list prices: "
        f"{Tiering().model} for cores, answers for one alone and untiered ones; {Tiering().wrapper_model} for words.",
        "Untiered: the same model asked with the same context, the question, a foreword and the style, for each "
        "answer. The same question of two users of one style costs the same, and is asked once and counted for both.",
        "Prompts are cached as the provider does it, on both sides. The words are the model server's: of believable "
        "length, by rule.",
    ]
    return table


def _asked() -> list[tuple[int, str]]:
    """Return who asks what, in order."""
    dice = random.Random(8)
    questions = [f"How do I {act} {thing}?" for act in _ACTS for thing in _THINGS][:QUESTIONS]
    dice.shuffle(questions)
    weights = [1 / rank for rank in range(1, QUESTIONS + 1)]
    drawn = dice.choices(questions, weights, k=ASKED)
    return [(dice.randrange(USERS), question) for question in drawn]


def _context() -> str:
    """Return what is known: a passage about each thing, some 8 KB."""
    return "\n\n".join(
        f"# {thing.capitalize()}\n\n"
        f"You find {thing} in the menu on the left. Open one to see all it holds, who made it and when it changed. "
        f"Choose Actions to create, share, archive or export {thing}; each step can be undone for 30 days.\n\n"
        f"1. Open {thing}.\n2. Choose Actions.\n3. Choose what is to be done, and confirm it.\n\n"
        f"Only owners may delete {thing}. An export holds at most 5,000 of them. "
        f"Filters and charts show {thing} by day, by team and by label."
        for thing in _THINGS
    )


async def _tiered(server: RunningModelServer, wrapper: Any, asked: Sequence[tuple[int, str]]) -> Side:
    config = _config(server)
    side = Side()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "context.md"
        file.write_text(_context(), encoding="utf-8")
        settings = Tiering(provider="anthropic", wrapper=wrapper, context_file=file, day_micro_usd=None)
        clock = SystemClock()
        cache = Cache.open(Path(folder) / "answers", settings, clock)
        prices = config.agent.prices
        asking = Asking(
            _model(config),
            calls_max=AT_ONCE,
            timeout_seconds=60.0,
            prices=prices,
            accounts=cache.accounts,
            clock=clock,
        )
        answers = Answers(cache, asking, lambda: settings, prices, clock)
        askers = [_asker(cache, number) for number in range(USERS)]

        async def ask(user: int, question: str) -> None:
            async for part in answers.answer(
                AnswerRequest(user_id=str(user), question=question), askers[user]
            ):
                if part.HasField("found"):
                    side.hits[part.found.hit] += 1
                if part.HasField("done"):
                    side.fallbacks += bool(part.done.fallback)

        await _all(ask, asked)
        await answers.close()
        await asking.close()
        for cost in cache.accounts.totals().costs:
            side.calls[Tier.Name(cost.tier).removeprefix("TIER_").lower()] = cost.calls
            side.pico_usd += cost.micro_usd * 1_000_000
        cache.close()
    return side


def _asker(cache: Cache, number: int) -> Asker:
    style = style_of(styled_profile(number), "en")
    return Asker(cache.digests.asker("", str(number)), style, 1, lambda: _FOREWORD)


async def _untiered(server: RunningModelServer, asked: Sequence[tuple[int, str]]) -> Side:
    config, settings, context = _config(server), Tiering(), _context()
    model, price = _model(config), config.agent.prices[settings.model]
    counts = Counter((user % STYLES, question) for user, question in asked)
    side = Side()

    async def ask(style: int, question: str) -> None:
        request = private_request(
            question,
            conversation=(),
            foreword=_FOREWORD,
            style=style_of(styled_profile(style), "en"),
            context=context,
            locale="en",
            model=settings.model,
            output_tokens_max=settings.output_tokens_max,
        )
        usage: TokenUsage = (await model.ask(request)).usage
        side.pico_usd += counts[style, question] * cost_pico_usd(usage, price, in_batch=False)

    await _all(ask, list(counts))
    await model.close()
    return side


async def _all(ask: Callable[[int, str], Awaitable[None]], asked: Sequence[tuple[int, str]]) -> None:
    """Ask all questions in order, some at a time."""
    left = iter(asked)

    async def go_on() -> None:
        for user, question in left:
            await ask(user, question)

    await asyncio.gather(*(go_on() for _ in range(AT_ONCE)))


def _config(server: RunningModelServer) -> Config:
    return Config.model_validate({"agent": {"base_url": server.url}})


def _model(config: Config) -> Model:
    model = connect(config.agent, {}, "anthropic")
    assert model is not None
    return model
