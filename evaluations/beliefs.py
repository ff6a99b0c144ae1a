"""Whether beliefs are kept, said, ended and forgotten as they should be: mechanics on recorded observations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evaluations.belief_replay import BeliefReplay, Replayed, held, is_turned, names, text_within
from evaluations.bootstrap import draw, mean_interval
from evaluations.foretelling import Interval, interval_text, named
from evaluations.observations import Observation, Person, read_people
from foreword.config import Config
from foreword.errors import FieldError
from foreword.frames import QUOTING
from foreword.naming import Names, SensitiveNames
from foreword.tokens import count_tokens
from scheduler.agent.labels import join
from scheduler.agent.operations import AddBelief

PRODUCT = "foreword"
BASELINES = ("newest_first", "append_only", "latest_wins")
BUDGETS = (50, 100, 200)
# Of the phrases met, every fifth is later said to be so no longer.
_TURNED_EACH = 5
NOTE = "mechanics on recorded observations: what is kept, said and ended of what was extracted, not how well"

Recalls = dict[str, dict[int, dict[str, list[float]]]]


@dataclass
class Mechanics:
    """What must not happen, counted over all people.

    Attributes:
        refreshes: Refreshes.
        contradicted: Phrases that were said to be so no longer, while believed.
        stale: Of them, those still believed in the end.
        lag_sessions: Sessions until each that ended was ended.
        unsupported: Operations citing what does not show them.
        unsupported_applied: Of them, those applied.
        untouched: Beliefs that a session had nothing to say of.
        lost: Of them, those gone though there was room.
        changed_bytes: Bytes of texts that changed when nothing was new.
        agreement: For each person the share of beliefs that both ways of getting there hold.
        erased: People of whose events those behind a belief were deleted.
        remains: Of them, those in whose profile something of it was left.
    """

    refreshes: int = 0
    contradicted: int = 0
    stale: int = 0
    lag_sessions: int = 0
    unsupported: int = 0
    unsupported_applied: int = 0
    untouched: int = 0
    lost: int = 0
    changed_bytes: int = 0
    agreement: list[float] = field(default_factory=list)
    erased: int = 0
    remains: int = 0

    def to_dict(self) -> dict[str, float]:
        """Return the measures of the product's row."""
        ended = self.contradicted - self.stale
        return {
            "stale_rate": _share(self.stale, self.contradicted),
            "stale_lag_sessions": _share(self.lag_sessions, ended),
            "unsupported_rate": _share(self.unsupported_applied, self.unsupported),
            "collateral_loss": _share(self.lost, self.untouched),
            "agreement_with_full": round(sum(self.agreement) / max(1, len(self.agreement)), 4),
            "bytes_changed_without_news": self.changed_bytes,
            "left_after_erasing": _share(self.remains, self.erased),
        }


@dataclass(frozen=True)
class Row:
    """One method's evidence recall at each budget, with the difference of the product's; None in its own row."""

    method: str
    recalls: Mapping[int, Interval]
    differences: Mapping[int, Interval] | None

    def to_dict(self) -> dict[str, object]:
        """Return the row as the JSON output names it."""
        row: dict[str, object] = {"method": self.method}
        for budget, interval in self.recalls.items():
            row |= named(f"evidence_recall_at_{budget}", interval)
        for budget, interval in (self.differences or {}).items():
            row |= named(f"evidence_recall_at_{budget}_difference", interval)
        return row


@dataclass(frozen=True)
class Report:
    """The outcome.

    Attributes:
        rows: The product's first.
        mechanics: What must not happen, of the product.
        users: People.
        points: Questions with an answer that was observed.
    """

    rows: Sequence[Row]
    mechanics: Mapping[str, float]
    users: int
    points: int

    def to_json(self) -> str:
        """Return the report as one line of JSON."""
        rows = [row.to_dict() for row in self.rows]
        rows[0] |= dict(self.mechanics)
        return json.dumps({"rows": rows, "users": self.users, "points": self.points, "note": NOTE})

    def table(self) -> str:
        """Return the report as a table for a terminal."""
        columns = "".join(f" {f'recall@{budget}':<22}" for budget in BUDGETS)
        lines = [
            f"{self.points} questions about {self.users} people; 95 % intervals by person",
            NOTE,
            f"{'method':<13}{columns} {PRODUCT} - method at {BUDGETS[-1]}",
        ]
        for row in self.rows:
            recalls = "".join(f" {interval_text(row.recalls[budget]):<22}" for budget in BUDGETS)
            difference = interval_text(row.differences[BUDGETS[-1]], "+") if row.differences else ""
            lines.append(f"{row.method:<13}{recalls} {difference}".rstrip())
        lines += [f"{name.replace('_', ' ')}: {value:g}" for name, value in self.mechanics.items()]
        return "\n".join(lines)


def evaluate_beliefs(
    files: Sequence[Path],
    *,
    seed: int = 0,
    bootstrap: int = 1000,
    config: Config | None = None,
    on_progress: Callable[[str, int, int], object] = lambda _file, _done, _total: None,
) -> Report:
    """Replay observations in the order of time as a model's operations, through the product's checks and texts.

    Of each observation up to three phrases become beliefs that cite it. Evidence recall is the share of the turns
    behind the answers to questions that the text covers: those whose observations hold a phrase that it names.
    Baselines say the same phrases within the same tokens: those of the newest observations first; all ever met, the
    oldest first; and for each last word the latest phrase, the newest first.

    Args:
        files: In LoCoMo's form: JSON, gzip by suffix.
        seed: Of the resampling.
        bootstrap: How many resamples.
        config: The product's configuration; the defaults, with no kind of name withheld, without it.
        on_progress: Called after each person with the file's name, the people done, and all of them.

    Raises:
        FieldError: A file is of another form, or nobody in it is asked about.
    """
    config = config or Config()
    # What is sensitive is withheld by lists of words, which says nothing of the mechanics.
    words = config.foreword.words.model_copy(update={"sensitive": ()})
    foreword = config.foreword.model_copy(update={"words": words})
    config = config.model_copy(update={"foreword": foreword})
    recalls: Recalls = {method: {budget: {} for budget in BUDGETS} for method in (PRODUCT, *BASELINES)}
    mechanics = Mechanics()
    for file in files:
        people = [person for person in read_people(file) if person.questions and person.sessions]
        for number, person in enumerate(people, 1):
            _measure(person, config, recalls, mechanics)
            on_progress(file.name, number, len(people))
    ours = recalls[PRODUCT][BUDGETS[0]]
    if not ours:
        raise FieldError(
            "observations", "nobody who is asked about", "conversations with observations and qa"
        )
    resamples = draw(len(ours), bootstrap, seed)
    return Report(
        [_row(method, recalls, resamples) for method in (PRODUCT, *BASELINES)],
        mechanics.to_dict(),
        users=len(ours),
        points=sum(map(len, ours.values())),
    )


def _row(method: str, recalls: Recalls, resamples: Sequence[Sequence[int]]) -> Row:
    intervals = {budget: mean_interval(recalls[method][budget], resamples) for budget in BUDGETS}
    if method == PRODUCT:
        return Row(method, intervals, None)
    differences = {}
    for budget in BUDGETS:
        ours, theirs = recalls[PRODUCT][budget], recalls[method][budget]
        paired = {
            user: [a - b for a, b in zip(points, theirs[user], strict=True)] for user, points in ours.items()
        }
        differences[budget] = mean_interval(paired, resamples)
    return Row(method, intervals, differences)


def _measure(person: Person, config: Config, recalls: Recalls, mechanics: Mechanics) -> None:
    replay, state = BeliefReplay(person, config), Replayed()
    for session in person.sessions:
        before = held(state.profile)
        operations = replay.session(state, session)
        _count_losses(before, operations, state, mechanics)
        _count_changes(replay, state, mechanics)
    mechanics.refreshes += len(person.sessions)
    for budget in BUDGETS:
        for method, covered in _covered(person, state, budget):
            points = [len(turns & covered) / len(turns) for turns in person.questions]
            recalls[method][budget][person.user_id] = points
    mechanics.agreement.append(_agreement(replay, state))
    _count_remains(replay, state, mechanics)
    _turn(person, config, mechanics)


def _covered(person: Person, state: Replayed, budget: int) -> Iterator[tuple[str, set[str]]]:
    assert state.profile is not None
    text = text_within(state.profile, budget)
    said = [row.subject for row in held(state.profile) if names(text, row.subject)]
    yield PRODUCT, _turns(person, said)
    met = list(dict.fromkeys(_phrases(person)))
    newest = list(dict.fromkeys(reversed(list(_phrases(person)))))
    heads: dict[str, str] = {}
    for phrase in newest:
        heads.setdefault(phrase.split(" ")[-1].casefold(), phrase)
    for method, phrases in zip(BASELINES, (newest, met, list(heads.values())), strict=True):
        yield method, _turns(person, _within(phrases, budget))


def _turns(person: Person, phrases: Iterable[str]) -> set[str]:
    """Return the turns of all observations that hold one of some phrases, word for word: the same for every method."""
    said = [phrase.casefold() for phrase in phrases]
    return {
        turn
        for session in person.sessions
        for item in session
        if any(phrase in item.text.casefold() for phrase in said)
        for turn in item.turns
    }


def _phrases(person: Person) -> Iterator[str]:
    for session in person.sessions:
        for item in session:
            yield from item.phrases


def _within(phrases: Sequence[str], budget: int) -> list[str]:
    """Return the first phrases that fit a budget, said as the product would say them."""
    door = Names(sensitive=SensitiveNames(()))
    said: list[str] = []
    for phrase in phrases:
        shown = [name for each in [*said, phrase] if (name := door.shown(each)) is not None]
        if count_tokens(f"{QUOTING}\nDeals with {join(shown)}.") > budget:
            break
        said.append(phrase)
    return said


def _count_losses(
    before: Iterable[object], operations: Sequence[object], state: Replayed, mechanics: Mechanics
) -> None:
    now = {row.belief_id for row in held(state.profile)}
    touched = {operation.subject for operation in operations if isinstance(operation, AddBelief)}
    untouched = [row for row in before if row.subject not in touched]  # type: ignore[attr-defined]
    gone = [row for row in untouched if row.belief_id not in now]  # type: ignore[attr-defined]
    mechanics.untouched += len(untouched)
    # Where more is believed than there is room for, the least useful gives way: that is no loss by chance.
    mechanics.lost += len(gone) if len(now) < len(untouched) else 0


def _count_changes(replay: BeliefReplay, state: Replayed, mechanics: Mechanics) -> None:
    assert state.profile is not None
    text = state.profile.foreword.text
    again = Replayed(state.profile, list(state.events), dict(state.turns))
    replay.refresh(again, [], [])
    assert again.profile is not None
    other = again.profile.foreword.text
    mechanics.changed_bytes += sum(a != b for a, b in zip(text, other, strict=False)) + abs(
        len(text) - len(other)
    )


def _agreement(replay: BeliefReplay, state: Replayed) -> float:
    """Return which share of beliefs a full refresh holds as well, of those either holds."""
    full = replay.without(state, frozenset())
    one, other = ({row.statement for row in held(profile)} for profile in (state.profile, full))
    return len(one & other) / max(1, len(one | other))


def _count_remains(replay: BeliefReplay, state: Replayed, mechanics: Mechanics) -> None:
    beliefs = held(state.profile)
    if not beliefs:
        return
    subject = beliefs[0].subject
    ids = frozenset(
        event.event_id for event in state.events if subject.casefold() in event.text.casefold()
    ) | frozenset(item.event_id for item in beliefs[0].evidence)
    after = replay.without(state, ids)
    left = any(row.subject == subject for row in held(after)) or names(after.foreword.text, subject)
    cited = {item.event_id for row in after.self_model.beliefs for item in row.evidence}
    mechanics.erased += 1
    mechanics.remains += left or bool(cited & ids)


def _turn(person: Person, config: Config, mechanics: Mechanics) -> None:
    """Replay once more, and say of some of what is believed that it is so no longer; cite what shows nothing too."""
    replay, state = BeliefReplay(person, config), Replayed()
    waiting: dict[str, int] = {}
    for number, session in enumerate(person.sessions):
        replay.session(state, session)
        believed = [row.subject for row in held(state.profile) if not is_turned(row)]
        for subject in [each for each in waiting if each not in believed]:
            mechanics.lag_sessions += number - waiting.pop(subject)
        later = Observation(session[-1].time_ms + 60_000, frozenset(), "", ())
        turned = [
            Observation(
                later.time_ms, later.turns, f"{person.user_id} no longer deals with {subject}", (subject,)
            )
            for subject in believed[::_TURNED_EACH]
            if subject not in waiting
        ]
        _propose_unsupported(replay, state, believed, mechanics)
        if turned:
            replay.session(state, turned, turned=True)
            waiting |= {item.phrases[0]: number for item in turned}
            mechanics.contradicted += len(turned)
            ended = {row.subject for row in held(state.profile) if not is_turned(row)}
            for subject in [each for each in waiting if each not in ended]:
                mechanics.lag_sessions += number - waiting.pop(subject)
    mechanics.stale += len(waiting)


def _propose_unsupported(
    replay: BeliefReplay, state: Replayed, believed: Sequence[str], mechanics: Mechanics
) -> None:
    """Propose beliefs that cite nothing that is there, and ones that cite what is about something else."""
    events = [
        event for event in state.events if not any(word in event.text for word in ("violin", "astronomy"))
    ]
    unfounded = [
        AddBelief("violin", "Deals with violin.", ("never-recorded",)),
        AddBelief("astronomy", "Deals with astronomy.", tuple(event.event_id for event in events[-2:])),
        *(AddBelief(subject, f"Deals with {subject}.", ("never-recorded",)) for subject in believed[:1]),
    ]
    probe = Replayed(state.profile, list(state.events), dict(state.turns))
    replay.refresh(probe, [], unfounded)
    mechanics.unsupported += probe.proposed
    mechanics.unsupported_applied += probe.applied


def _share(count: float, of: float) -> float:
    return round(count / of, 4) if of else 0.0
