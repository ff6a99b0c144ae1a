"""One file lived through week by week: what stood in each user's text at a cut, against the week after."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from typing import TypeAlias

from evaluations.contexts import (
    FOREWORD,
    HALF_LIFE,
    LAST_EVENTS,
    NOTHING,
    OF_ANOTHER,
    RECENT_FILES,
    TOP_TOPICS,
    half_life,
    last_events,
    listed,
    recent_files,
    top_topics,
    within,
)
from evaluations.foretelling import User
from evaluations.foreword_report import OTHERS, Texts
from evaluations.forms import Known
from evaluations.named import as_named, expected, keys_of
from evaluations.next_file import Task, folder_of, folders_for
from evaluations.raw_counts import Namespace, acts_of
from evaluations.replay import WEEK_MS, DueUser, Replay
from evaluations.truth import findings
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.v1 import event_pb2, profile_pb2
from scheduler.agent.evidence import Evidence
from scheduler.agent.refresh import refresh

METHODS = (FOREWORD, TOP_TOPICS, HALF_LIFE, LAST_EVENTS, OF_ANOTHER)
BUDGETS = (50, 100, 200)
_TOP = 5

Measured: TypeAlias = dict[tuple[str, int, str], dict[User, list[float]]]
"""Points by method, tokens, metric and user."""


class TextPoints:
    """Lives through one file, which is a namespace, and adds to what was measured.

    Args:
        events: Its events, ascending by time.
        number: The file's number.
        config: The product's configuration.
        seed: Of whose texts stand beside a user's own.
        measured: Where points go.
        texts: Where counts go.

    Attributes:
        weeks: How many weekly cuts there are.
        tasks: For each user, the last point after which they worked on a file in a folder.
    """

    def __init__(
        self,
        events: Sequence[event_pb2.Event],
        number: int,
        *,
        config: Config,
        seed: int,
        measured: Measured,
        texts: Texts,
    ) -> None:
        self._replay = Replay(events, config, frozenset())
        self._acts, self._place, self._namespace = acts_of(events), 0, Namespace()
        self._number, self._config, self._seed = number, config, seed
        self._measured, self._texts = measured, texts
        self._written: dict[str, str] = {}
        self._names: dict[str, dict[tuple[str, int], list[str]]] = {}
        # How many users have each name, of topics and items: what is rare tells who somebody is.
        self._users_of: Counter[str] = Counter()
        self._having: dict[str, set[str]] = {}
        self._folders: Counter[str] = Counter()
        self.weeks = len(self._replay.cuts)
        self.tasks: dict[User, Task] = {}

    def score_week(self, week: int) -> None:
        """Refresh who is due, then score everybody with a week to foretell, by what stands at the cut."""
        due_users = list(self._replay.due(week))
        self._see(self._replay.cuts[week])
        for due in due_users:
            profile = self._replay.refresh(due)
            self._check(due, profile.foreword.text)
            self._names[due.user_id] = dict(_named_by(profile.foreword, due.before))
            if due.is_point:
                self._write_again(due)
        # Only now, so that whose text stands beside a user's own does not depend on the order of their ids.
        for due in due_users:
            if due.is_point:
                self._score(due)

    def count_users(self) -> None:
        """Count who has a text, at the end of the file."""
        events_min = self._config.cold_start.events_min
        users = self._namespace.users
        known = [user_id for user_id, user in users.items() if len(user.acts) >= events_min]
        self._texts.users += len(users)
        self._texts.users_with_text += sum(bool(self._written.get(user_id)) for user_id in users)
        self._texts.known_users += len(known)
        self._texts.known_users_with_text += sum(bool(self._written.get(user_id)) for user_id in known)

    def _see(self, cut_ms: int) -> None:
        start = self._place
        while self._place < len(self._acts) and self._acts[self._place].time_ms < cut_ms:
            self._place += 1
        news = self._acts[start : self._place]
        self._namespace.add(news)
        for act in news:
            having = self._having.setdefault(act.event.user_id, set())
            fresh = _all_names([act.event]) - having
            self._users_of.update(fresh)
            having |= fresh
            self._folders[folder_of(act.event.item_id)] += 1

    def _check(self, due: DueUser, text: str) -> None:
        """Count what is wrong with a text that is new."""
        if self._written.get(due.user_id, "") == text or due.user_id not in self._namespace.users:
            return
        self._written[due.user_id] = text
        found = findings(text, Known(self._namespace.users[due.user_id], self._namespace))
        self._texts.written += bool(text)
        self._texts.lines += max(0, len(text.splitlines()) - 1)
        self._texts.faults.update(fault for _, fault in {(row.sentence, row.fault) for row in found})

    def _write_again(self, due: DueUser) -> None:
        """Refresh once more a day later; what others did since is news of the namespace, and not looked at."""
        profile = self._replay.profiles[due.user_id]
        later = self._replay.input_of(replace(due, news=(), cut_ms=due.cut_ms + DAY_MS), profile)
        self._texts.refreshed_without_news += 1
        changed = refresh(later, self._config).foreword.text != profile.foreword.text
        self._texts.changed_without_news += changed

    def _score(self, due: DueUser) -> None:
        week = self._replay.between(due.cut_ms, due.cut_ms + WEEK_MS)
        own = [item for item in week if item.event.user_id == due.user_id and not item.against]
        truth = {as_named(topic) for item in own for topic in item.topics.values()}
        week_names, others = _all_names(item.event for item in own), self._others(due)
        for tokens in BUDGETS:
            for method in METHODS:
                whose = due.user_id if method != OF_ANOTHER else others[0] if others else ""
                names = [name for name in self._names_of(whose, method, tokens) if self._is_topic(name)]
                for metric, value in _scores(names, truth):
                    self._add(due, method, tokens, metric, value)
                if len(others) >= OTHERS and method != OF_ANOTHER:
                    self._tell_apart(due, others[:OTHERS], method, tokens, week_names)
        self._set_task(due, own, others)

    def _set_task(self, due: DueUser, own: Sequence[Evidence], others: Sequence[str]) -> None:
        file = next((item.event.item_id for item in own if folder_of(item.event.item_id)), None)
        if file is None or not others:
            return
        seed = f"{self._seed} {due.user_id} {due.cut_ms}"
        folders = folders_for(file, self._folders, seed)
        if folders is not None:
            tokens = BUDGETS[-1]
            profiles = self._replay.profiles
            contexts = {
                FOREWORD: within(profiles[due.user_id].foreword, tokens),
                NOTHING: "",
                OF_ANOTHER: within(profiles[others[0]].foreword, tokens),
                HALF_LIFE: listed(half_life(due.before), tokens),
                RECENT_FILES: listed(recent_files(due.before), tokens),
            }
            self.tasks[self._number, due.user_id] = Task(contexts, file, folders)

    def _tell_apart(
        self, due: DueUser, others: Sequence[str], method: str, tokens: int, week: Collection[str]
    ) -> None:
        own = self._fit(due.user_id, method, tokens, week)
        fits = [self._fit(user_id, method, tokens, week) for user_id in others]
        better, equal = sum(fit > own for fit in fits), sum(fit == own for fit in fits)
        self._add(due, method, tokens, "tell_apart", 0.0 if better else 1.0 / (1 + equal))
        self._add(due, method, tokens, "rank", 1 + better + equal / 2)

    def _fit(self, user_id: str, method: str, tokens: int, week: Collection[str]) -> float:
        """Return how much of a week a text names: each name by how few users have it."""
        users, found = len(self._having), set(week).intersection(self._names_of(user_id, method, tokens))
        return math.fsum(math.log((1 + users) / (1 + self._users_of[name])) for name in found)

    def _names_of(self, user_id: str, method: str, tokens: int) -> list[str]:
        written = FOREWORD if method == OF_ANOTHER else method
        return self._names.get(user_id, {}).get((written, tokens), [])

    def _is_topic(self, name: str) -> bool:
        return not keys_of(name).isdisjoint(self._namespace.topics)

    def _others(self, due: DueUser) -> list[str]:
        """Return the others with a text, in an order drawn for this user and cut."""
        others = sorted(user_id for user_id, text in self._written.items() if text and user_id != due.user_id)
        random.Random(f"{self._seed} {due.user_id} {due.cut_ms}").shuffle(others)
        return others

    def _add(self, due: DueUser, method: str, tokens: int, metric: str, value: float) -> None:
        points = self._measured.setdefault((method, tokens, metric), {})
        points.setdefault((self._number, due.user_id), []).append(value)


def _named_by(
    foreword: profile_pb2.Foreword, before: Sequence[Evidence]
) -> Iterator[tuple[tuple[str, int], list[str]]]:
    """Yield what each method's text names within each budget."""
    by_count, by_half_life = top_topics(before), half_life(before)
    for tokens in BUDGETS:
        yield (FOREWORD, tokens), expected(within(foreword, tokens))
        yield (TOP_TOPICS, tokens), expected(listed(by_count, tokens))
        yield (HALF_LIFE, tokens), expected(listed(by_half_life, tokens))
        yield (LAST_EVENTS, tokens), expected(last_events(before, tokens))


def _all_names(events: Iterable[event_pb2.Event]) -> set[str]:
    """Return what events may be known by: their topics and items, and of a path its last part as well."""
    words = (
        word for event in events for word in (*event.topics, event.item_id, event.item_id.rpartition("/")[2])
    )
    return {as_named(word) for word in words if word}


def _scores(names: Sequence[str], truth: Set[str]) -> Iterator[tuple[str, float]]:
    """Yield how well topics foretell those of a week: in the order of the text, and whether named at all."""
    gains = [name in truth for name in names[:_TOP]]
    ideal = sum(1 / math.log2(2 + place) for place in range(min(_TOP, len(truth))))
    yield "ndcg_at_5", sum(hit / math.log2(2 + place) for place, hit in enumerate(gains)) / ideal
    yield "hit_at_5", float(any(gains))
    yield "named", len(truth & set(names)) / len(truth)
