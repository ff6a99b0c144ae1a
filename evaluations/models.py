"""Which model to choose: the same real users through each, and what the profiles that come out are worth."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evaluations.agreement import foretold, sayings
from evaluations.asking import Asking, Sleep
from evaluations.candidates import Candidate
from evaluations.events import read_events
from evaluations.foretelling import Scores, User, top_of
from evaluations.model_report import ModelReport, make_report
from evaluations.replay import DueUser, Replay
from foreword.config import Config
from foreword.errors import FieldError
from foreword.llm import Model
from foreword.llm.prices import estimate_pico_usd
from foreword.tokens import count_tokens
from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from scheduler.agent.product import ProductSchema
from scheduler.agent.prompt import answer_schema
from scheduler.agent.prompt.instructions import instructions

# What a provider puts around a prompt, and what all users share: twenty topics of up to 128 bytes.
_AROUND_TOKENS = 2000
# What is wrong with an answer that is to be mended.
_MENDING_TOKENS = 2000

Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class Plan:
    """Who is asked about, and when.

    Attributes:
        replays: The files, each a namespace.
        sample: The users.
        weeks: How many of the last weekly cuts of each file.
        refreshes: How many times each candidate is asked.
    """

    replays: Sequence[Replay]
    sample: frozenset[User]
    weeks: int
    refreshes: int

    def is_asked(self, file: int, week: int, due: DueUser) -> bool:
        """Return whether candidates write the profile of a user at a cut."""
        return week >= len(self.replays[file].cuts) - self.weeks and (file, due.user_id) in self.sample


def make_plan(
    files: Sequence[Path],
    *,
    users: int,
    weeks: int,
    seed: int = 0,
    ignored_topics: Collection[str] = (),
    config: Config,
) -> Plan:
    """Draw users; the same for the same files, counts and seed, and each number of them contains the smaller ones.

    Args:
        files: Event files, JSON lines, gzip by suffix.
        users: How many, of those with something to foretell at one of the cuts.
        weeks: How many of the last weekly cuts of each file.
        seed: Of the draw.
        ignored_topics: Topics left out of what is foretold and of what happened.
        config: The product's configuration.

    Raises:
        FieldError: A file holds no events, or no user qualifies.
    """
    ignored = frozenset(map(topic_key, ignored_topics))
    replays = [Replay(read_events(file), config, ignored) for file in files]
    due_at: dict[User, int] = {}
    has_point: set[User] = set()
    for file, replay in enumerate(replays):
        for week in range(len(replay.cuts))[-weeks:]:
            for due in replay.due(week):
                user = (file, due.user_id)
                due_at[user] = due_at.get(user, 0) + 1
                if due.is_point:
                    has_point.add(user)
    if not has_point:
        raise FieldError(
            "events",
            "no user with 5 events in 28 days and some in the week after",
            "longer histories, or more --weeks",
        )
    sample = frozenset(sorted(has_point, key=lambda user: _lot(seed, user))[:users])
    return Plan(replays, sample, weeks, sum(due_at[user] for user in sample))


def most_pico_usd(candidate: Candidate, plan: Plan, product: ProductSchema | None) -> int:
    """Return what a candidate can cost at most, in pico-USD: every answer at its longest, and every one mended."""
    if candidate.is_code:
        return 0
    agent = candidate.config.agent
    schema = answer_schema(product.json_schema if product else None)
    front = count_tokens(instructions(with_product=product is not None)) + count_tokens(json.dumps(schema))
    prompt_tokens = front + agent.prompt_tokens_max + _AROUND_TOKENS
    mended_tokens = prompt_tokens + agent.output_tokens_max + _MENDING_TOKENS
    each = sum(
        estimate_pico_usd(tokens, agent.output_tokens_max, candidate.price, in_batch=False)
        for tokens in (prompt_tokens, mended_tokens)
    )
    return each * plan.refreshes


async def evaluate_models(
    candidates: Sequence[tuple[Candidate, Model | None]],
    plan: Plan,
    *,
    product: ProductSchema | None = None,
    seed: int = 0,
    bootstrap: int = 1000,
    ignored_topics: Collection[str] = (),
    on_progress: Progress = lambda _label, _done, _total: None,
    sleep: Sleep = asyncio.sleep,
) -> ModelReport:
    """Refresh the planned users with every candidate, and compare.

    Until the first of the planned cuts code alone writes, the same for all. From then on each candidate goes on with
    its own profiles; the events and the population are the same for all. A model is asked about all that it has not
    read yet, in single calls.

    Args:
        candidates: Each with its model, which is closed at the end; None for code. The others are compared with the
            first.
        plan: Who is asked about, and when; carried out once, since it lives through the weeks.
        product: The operator's own message; None without one.
        seed: Of the resampling.
        bootstrap: How many resamples.
        ignored_topics: As for the plan.
        on_progress: Called after each refresh with `refreshes`, those done, and all of them.
        sleep: Waits a number of seconds before a question is asked again.

    Raises:
        ModelError: A provider takes no key or no request of ours at all.
    """
    run = _Run(
        [Asking(candidate, model, product, sleep) for candidate, model in candidates],
        plan,
        frozenset(map(topic_key, ignored_topics)),
        on_progress,
    )
    try:
        await asyncio.gather(*(run.file(number) for number in range(len(plan.replays))))
    finally:
        for _, model in candidates:
            if model is not None:
                await model.close()
    return make_report(
        [asking.candidate.name for asking in run.askings],
        {asking.candidate.name: asking.tally for asking in run.askings},
        run.scores,
        {
            name: {user: sayings(profile) for user, profile in kept.items()}
            for name, kept in run.profiles.items()
        },
        seed=seed,
        bootstrap=bootstrap,
    )


@dataclass
class _Run:
    """The state of a comparison under way."""

    askings: Sequence[Asking]
    plan: Plan
    ignored: frozenset[str]
    on_progress: Progress
    scores: Scores = field(default_factory=Scores)
    profiles: dict[str, dict[User, profile_pb2.Profile]] = field(default_factory=dict)
    seen: dict[tuple[str, User], set[str]] = field(default_factory=dict)
    done: int = 0

    async def file(self, number: int) -> None:
        replay = self.plan.replays[number]
        for week in range(len(replay.cuts)):
            asked = []
            for due in replay.due(week):
                if self.plan.is_asked(number, week, due):
                    # Each reads what it is told before it first waits: without this user's news in the population.
                    asked += [
                        asyncio.ensure_future(self._refresh(asking, number, due)) for asking in self.askings
                    ]
                    await asyncio.sleep(0)
                replay.refresh(due)
            await asyncio.gather(*asked)

    async def _refresh(self, asking: Asking, file: int, due: DueUser) -> None:
        user, name = (file, due.user_id), asking.candidate.name
        replay, kept = self.plan.replays[file], self.profiles.setdefault(name, {})
        source = replay.input_of(due, kept.get(user, replay.profiles.get(due.user_id)))
        profile = kept[user] = await asking.refresh(source, self.seen.setdefault((name, user), set()))
        if due.is_point:
            self.scores.add(name, user, top_of(foretold(profile), self.ignored), due.truth)
        self.done += 1
        self.on_progress("refreshes", self.done, self.plan.refreshes * len(self.askings))


def _lot(seed: int, user: User) -> bytes:
    """Return by what a user is drawn."""
    file, user_id = user
    return hashlib.blake2b(f"{seed}\0{file}\0{user_id}".encode()).digest()
