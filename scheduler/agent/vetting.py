"""What of a model's proposal is let through to be applied, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from foreword.errors import FieldError
from foreword.naming import quoted
from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from scheduler.agent.apply import Applied, level_of
from scheduler.agent.claims import LIKING_EVENTS_MIN, says_no
from scheduler.agent.evidence import Evidence
from scheduler.agent.extractive import with_known
from scheduler.agent.findings import Findings
from scheduler.agent.framing import is_ours
from scheduler.agent.grounding import Grounding
from scheduler.agent.observed import evidence_kind, is_statement
from scheduler.agent.operations import (
    AddBelief,
    AddGoal,
    CloseBelief,
    CloseGoal,
    Operation,
    ReinforceBelief,
    ReviseBelief,
    SetExpertise,
    SetPreference,
    SetPresentation,
)
from scheduler.agent.statement import Statement, Thing, as_goal, opening_fault, read_statement, things_in
from scheduler.agent.stems import stem

Row: TypeAlias = Any

# A model's judgement may lift a level by about half of what lies between two words for it (0.21 some, 0.45 well, 0.77
# deeply), so never by a whole word.
LEVEL_MARGIN = 0.15
# More of one subject would be the same in other words.
BELIEFS_OF_A_SUBJECT_MAX = 3
GOALS_MAX = 5
_AREA_EVENTS_MIN = 2
# Of fewer than these, closing more than half is an ordinary change.
_SWEEP_ROWS_MIN = 4
# Words of an event that say that something was brought to its end.
_ENDING = frozenset(
    map(
        stem,
        """done finish complete release ship publish close closes merge final remove drop replace switch migrate
        deprecate stop abandon cancel end retire delete moved instead""".split(),
    )
)
_DEPTHS = {
    profile_pb2.DEPTH_OVERVIEW: "overview",
    profile_pb2.DEPTH_STANDARD: "standard",
    profile_pb2.DEPTH_DEEP: "deep",
}
_LENGTHS = {
    profile_pb2.LENGTH_SHORT: "short",
    profile_pb2.LENGTH_MEDIUM: "medium",
    profile_pb2.LENGTH_LONG: "long",
}
# Words of the user's that ask for it.
_ASKED_BY = {
    asked: frozenset(map(stem, words.split()))
    for asked, words in {
        "overview": "overview brief briefly gist summary simple simpler basics tldr just",
        "deep": "deep deeper depth detail details detailed thorough explain explanation technical internals why",
        "short": "short shorter brief briefly concise terse tldr just",
        "long": "long longer detail detailed full verbose thorough",
        "direct": "direct directly blunt straight plainly",
        "friendly": "friendly friendlier warm",
        "formal": "formal professional",
    }.items()
}
_KEY_WORDS = frozenset(
    """answer length form format language example examples test framework style editor tool library database theme genre
    brand size color colour price order tone detail units currency time naming layout template category cuisine topic
    source author medium level difficulty""".split()
)


class Vetting:
    """Looks at each operation of one proposal before it is applied, with the events it cites.

    Args:
        findings: What code knows of the user.
        operations: All of the proposal's.
        previous: The profile in force, or None.
    """

    def __init__(
        self,
        findings: Findings,
        operations: Iterable[Operation] = (),
        previous: profile_pb2.Profile | None = None,
    ) -> None:
        self._findings = findings
        self._grounding = Grounding(findings)
        held = profile_pb2.SelfModel() if previous is None else previous.self_model
        kinds = [type(operation) for operation in operations]
        self._sweeps = {
            "belief": _is_sweep(kinds.count(CloseBelief), _current(held.beliefs)),
            "goal": _is_sweep(kinds.count(CloseGoal), _current(held.goals)),
        }

    def vetted(self, operation: Operation, sources: Sequence[Evidence], applied: Applied) -> Operation:
        """Return the operation as it may be applied, its texts as they may be read; perhaps as another one.

        Args:
            operation: What the model proposes.
            sources: The events it cites.
            applied: What was applied before.

        Raises:
            FieldError: It is not supported, or not a model's to do.
        """
        model = applied.self_model
        vetted: Operation = operation
        match operation:
            case AddBelief():
                vetted = self._add_belief(operation, sources, model)
            case ReviseBelief():
                vetted = self._revise_belief(operation, sources, model)
            case ReinforceBelief(belief_id):
                self._check_reinforcing(_held_belief(model, belief_id), sources)
            case CloseBelief(belief_id):
                belief = _held_belief(model, belief_id)
                self._check_closing("belief", belief, _current(model.beliefs, belief), sources)
            case AddGoal():
                vetted = self._add_goal(operation, sources, model)
            case CloseGoal(goal_id):
                goal = _row(model.goals, lambda row: row.goal_id == goal_id, "goal_id", goal_id)
                self._check_closing("goal", goal, _current(model.goals, goal), sources)
            case SetExpertise():
                vetted = self._set_expertise(operation, sources, model)
            case SetPreference():
                vetted = self._set_preference(operation, sources, model)
            case SetPresentation():
                vetted = self._set_presentation(operation, sources, applied)
        return vetted

    def statement(self, text: str) -> Statement:
        """Return a statement taken apart, its names through the door of names.

        Raises:
            FieldError: A name must not stand in a text.
        """
        return read_statement("statement", text, self._findings.names)

    def supports(self, item: Evidence, text: str) -> bool:
        """Return whether an event shows more of the same as a statement that is held."""
        return self._grounding.names_most(item, self.statement(text).things) and not item.against

    def is_refused(self, text: str) -> bool:
        """Return whether a statement is for something that the user said no to."""
        statement = self.statement(text)
        return not statement.is_negative and self._grounding.is_refused(statement.things)

    def _add_belief(
        self, operation: AddBelief, sources: Sequence[Evidence], model: profile_pb2.SelfModel
    ) -> Operation:
        statement = self._sentence(operation.statement, is_goal=False)
        self._check_subject(operation.subject, sources)
        self._grounding.check(statement, sources)
        held = _current(model.beliefs)
        same = self._same(statement, held)
        if same is not None:
            return ReinforceBelief(same.belief_id, operation.event_ids)
        about = [row for row in held if topic_key(row.subject) == topic_key(operation.subject)]
        for row in about:
            if self.statement(row.statement).contradicts(statement):
                return ReviseBelief(row.belief_id, f"{statement.text}.", operation.event_ids)
        _check_room("beliefs of one subject", about, BELIEFS_OF_A_SUBJECT_MAX)
        return AddBelief(operation.subject, f"{statement.text}.", operation.event_ids)

    def _revise_belief(
        self, operation: ReviseBelief, sources: Sequence[Evidence], model: profile_pb2.SelfModel
    ) -> Operation:
        belief = _held_belief(model, operation.belief_id)
        if not belief.proposed_by:
            # What code counts stands; what the model makes of it stands beside it.
            return self._add_belief(
                AddBelief(belief.subject, operation.statement, operation.event_ids), sources, model
            )
        statement = self._sentence(operation.statement, is_goal=False)
        former = self.statement(belief.statement)
        self._grounding.check(statement, sources, former.keys())
        if statement.says_the_same(former) and statement.text == former.text:
            return ReinforceBelief(operation.belief_id, operation.event_ids)
        return ReviseBelief(operation.belief_id, f"{statement.text}.", operation.event_ids)

    def _add_goal(
        self, operation: AddGoal, sources: Sequence[Evidence], model: profile_pb2.SelfModel
    ) -> Operation:
        statement = self._sentence(operation.statement, is_goal=True)
        self._grounding.check(statement, sources)
        held = _current(model.goals)
        same = self._same(statement, held)
        if same is None:
            _check_room("goals", held, GOALS_MAX)
        text = as_goal(statement.text) if same is None else same.statement
        return AddGoal(text, operation.event_ids)

    def _set_expertise(
        self, operation: SetExpertise, sources: Sequence[Evidence], model: profile_pb2.SelfModel
    ) -> Operation:
        area = operation.area
        held = [row for row in model.expertise if topic_key(row.area) == topic_key(area)]
        if any(not row.proposed_by for row in held):
            raise FieldError("area", quoted(area), "areas that are not counted by code")
        things = things_in(area)
        naming = sum(all(self._grounding.names(item, thing) for thing in things) for item in sources)
        if naming < max(_AREA_EVENTS_MIN, len(sources)) or not things:
            raise FieldError("area", quoted(area), f"what at least {_AREA_EVENTS_MIN} events cited all name")
        if self._findings.names.name(area) is None:
            raise FieldError("area", quoted(area), "a name that may stand in a text of this namespace")
        if self._grounding.is_refused(things):
            raise FieldError("area", quoted(area), "nothing that the user said no to")
        count = self._grounding.count(things)
        level = min(operation.level, level_of(count) + LEVEL_MARGIN)
        return SetExpertise(area, round(level, 2), operation.event_ids, count)

    def _set_preference(
        self, operation: SetPreference, sources: Sequence[Evidence], model: profile_pb2.SelfModel
    ) -> Operation:
        held = [row for row in model.preferences if row.key == operation.key]
        if any(not row.proposed_by for row in held):
            raise FieldError("key", quoted(operation.key), "keys that code does not hold")
        for word in _key_words(operation.key):
            if word not in _KEY_WORDS and not is_ours(word) and not self._any_names(sources, word):
                raise FieldError("key", quoted(operation.key), "plain words for what is preferred about")
        value = read_statement("value", operation.value, self._findings.names)
        self._grounding.check(value, sources)
        naming = [item for item in sources if all(self._grounding.names(item, each) for each in value.things)]
        said = [item for item in naming if _is_said(item) and says_no(item) == _turns(value)]
        if not said and len(naming) < LIKING_EVENTS_MIN:
            raise FieldError(
                "value",
                quoted(operation.value),
                f"what the user said or judged, or did in {LIKING_EVENTS_MIN} events",
            )
        return operation

    def _set_presentation(
        self, operation: SetPresentation, sources: Sequence[Evidence], applied: Applied
    ) -> Operation:
        presentation = operation.presentation
        said = [item for item in sources if _is_said(item) and not item.against]
        if not said:
            raise FieldError("events", "nothing that the user said or judged", "a word or feedback of theirs")
        held = applied.presentation
        for field, found, holds in (
            ("depth", _DEPTHS[presentation.depth], presentation.depth == held.depth),
            ("length", _LENGTHS[presentation.length], presentation.length == held.length),
            ("tone", presentation.tone, presentation.tone == held.tone),
        ):
            asked = Thing(found, _ASKED_BY.get(found, frozenset()))
            if not holds and not any(self._grounding.names(item, asked) for item in said):
                raise FieldError(field, found, "what the user asked for in the events cited")
        for name in (*presentation.example_domains, *presentation.emphasis):
            is_held = name in held.example_domains or name in held.emphasis
            if not is_held and not (
                self._findings.names.name(name) and self._name_all(sources, things_in(name))
            ):
                raise FieldError("example_domains", quoted(name), "names that the events cited name")
        return SetPresentation(with_known(presentation, self._findings), operation.event_ids)

    def _check_reinforcing(self, belief: profile_pb2.Belief, sources: Sequence[Evidence]) -> None:
        if belief.proposed_by:
            if not all(self.supports(item, belief.statement) for item in sources):
                raise FieldError("events", "one about something else", "events that show the same")
        elif not all(self._findings.synonyms.key(belief.subject) in item.topics for item in sources):
            raise FieldError(
                "events", "one of another topic", f"events of the topic {quoted(belief.subject)}"
            )

    def _check_closing(self, kind: str, row: Row, others: Sequence[Row], sources: Sequence[Evidence]) -> None:
        if not row.proposed_by:
            raise FieldError(kind, quoted(row.statement), "what a model proposed; what code counts code ends")
        statement = self.statement(row.statement)
        is_sweep = self._sweeps[kind]
        if not is_sweep and any(self.statement(each.statement).says_the_same(statement) for each in others):
            return
        newest_ms = max((each.time.ToMilliseconds() for each in row.evidence), default=0)
        fresh = [
            item
            for item in sources
            if item.time_ms > newest_ms and self._grounding.names_most(item, statement.things)
        ]
        if any(self.speaks_against(item, statement) for item in fresh):
            return
        if is_sweep:
            raise FieldError(kind, "most of them closed at once", "for each a newer event that turns it down")
        if not any(map(self._ends, fresh)):
            raise FieldError(
                "events", "none that ends it", "a newer event about it that completes it or turns it down"
            )

    def speaks_against(self, item: Evidence, statement: Statement) -> bool:
        """Return whether an event turns down what a statement is for."""
        named = self._grounding.names_most(item, statement.things)
        return named and (item.against or (is_statement(item) and says_no(item)))

    def _ends(self, item: Evidence) -> bool:
        return any(self._grounding.names(item, Thing(word, frozenset({word}))) for word in _ENDING)

    def _sentence(self, text: str, *, is_goal: bool) -> Statement:
        statement = self.statement(text)
        first = opening_fault(statement, is_goal=is_goal)
        if first is not None:
            raise FieldError(
                "statement",
                f"{quoted(first)} as the first word",
                "a plain verb such as Works, Documents, Moving; never an order",
            )
        return statement

    def _check_subject(self, subject: str, sources: Sequence[Evidence]) -> None:
        if any(self._findings.synonyms.key(subject) in item.topics for item in sources):
            return
        if not self._name_all(sources, things_in(subject)):
            raise FieldError("subject", quoted(subject), "a topic of the events cited, or words of theirs")

    def _name_all(self, sources: Sequence[Evidence], things: Sequence[Thing]) -> bool:
        return any(things and all(self._grounding.names(item, each) for each in things) for item in sources)

    def _any_names(self, sources: Sequence[Evidence], word: str) -> bool:
        return any(self._name_all([item], things_in(word)) for item in sources)

    def _same(self, statement: Statement, rows: Iterable[Row]) -> Row | None:
        return next((row for row in rows if self.statement(row.statement).says_the_same(statement)), None)


def _held_belief(model: profile_pb2.SelfModel, belief_id: str) -> profile_pb2.Belief:
    belief: profile_pb2.Belief = _row(
        model.beliefs, lambda row: row.belief_id == belief_id, "belief_id", belief_id
    )
    return belief


def _row(rows: Iterable[Row], is_it: Callable[[Row], bool], field: str, found: str) -> Row:
    for row in rows:
        if is_it(row) and not row.HasField("valid_to"):
            return row
    raise FieldError(field, quoted(found), "one that holds")


def _current(rows: Iterable[Row], but: Row = None) -> list[Row]:
    """Return the rows that a model proposed and that hold, all but one."""
    return [row for row in rows if row is not but and row.proposed_by and not row.HasField("valid_to")]


def _is_sweep(closings: int, held: Sequence[Row]) -> bool:
    """Return whether so many closings would take most of what is held, or all of it."""
    is_most = len(held) >= _SWEEP_ROWS_MIN and closings > len(held) / 2
    return is_most or 1 < len(held) <= closings


def _check_room(what: str, rows: Sequence[Row], count_max: int) -> None:
    if len(rows) >= count_max:
        raise FieldError(what, f"{len(rows)} held", f"at most {count_max}; close or revise one first")


def _is_said(item: Evidence) -> bool:
    return is_statement(item) or evidence_kind(item) == profile_pb2.EVIDENCE_KIND_FEEDBACK


def _turns(value: Statement) -> bool:
    return value.is_negative or not value.words.isdisjoint({"without", "less", "fewer"})


def _key_words(key: str) -> list[str]:
    return [word for word in key.casefold().replace("-", "_").replace(" ", "_").split("_") if word]
