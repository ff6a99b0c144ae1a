"""What of a model's proposal is let through, and how it fares beside what code counts."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

import pytest

from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.v1 import event_pb2, profile_pb2
from scheduler.agent.answer import read_answer
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
from scheduler.agent.prompt.instructions import instructions
from scheduler.agent.proposal import Proposal
from scheduler.agent.refresh import RefreshResult, complete, draft
from tests.one_refresh import CONFIG, event, make_input

TEXTS = (
    "Add a jobs table for mail",
    "Move image mail from celery to the jobs table",
    "Replace celery by the jobs table for reports",
    "Speed up the slow broker tests",
    "Cut the time of the broker tests in half",
    "Fix typo in the readme",
    "Paint the logo blue",
    "Paint the logo green",
)


def commits(*texts: str, first: int = 0, days_ago: float = 9) -> list[event_pb2.Event]:
    """Return commits `e0`, `e1`, … to one package, an hour apart."""
    return [
        event(first + number, days_ago - number / 24, ["app"], type="commit", text=text)
        for number, text in enumerate(texts)
    ]


EVENTS = commits(*TEXTS)
GOAL = AddGoal("Moving mail from celery to the jobs table", ("e0", "e1"))
BELIEF = AddBelief("app", "Speeds up the broker tests.", ("e3", "e4"))


def refresh(
    *operations: Operation,
    events: Sequence[event_pb2.Event] = EVENTS,
    previous: profile_pb2.Profile | None = None,
    new: Sequence[event_pb2.Event] | None = None,
    config: Config = CONFIG,
    later_days: float = 0,
) -> RefreshResult:
    """Refresh with what a model proposes, if it proposes anything; after the first nothing is new unless given."""
    news = list(new or []) if previous is not None else None
    source = make_input([*events, *(new or [])], previous, new=news)
    source = dataclasses.replace(source, now_ms=source.now_ms + int(later_days * DAY_MS))
    proposals = [Proposal(operations, "anthropic", "small", "refresh-1")] if operations else []
    return complete(draft(source, config), proposals)


def goals(profile: profile_pb2.Profile) -> list[str]:
    """Return the goals pursued."""
    return [row.statement for row in profile.self_model.goals if not row.HasField("valid_to")]


def beliefs(profile: profile_pb2.Profile, *, by_model: bool = True) -> list[str]:
    """Return the beliefs that hold, of a model or of code."""
    rows = [row for row in profile.self_model.beliefs if not row.HasField("valid_to")]
    return [row.statement for row in rows if bool(row.proposed_by) == by_model]


def refused(result: RefreshResult) -> str:
    """Return why the only operation was refused."""
    (refusal,) = result.refusals
    assert result.applied_count == 0
    return str(refusal.error)


# -- what is said, and by what words ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "cited", "because"),
    [
        ("Works on the payments gateway.", ("e0", "e1"), "'payments'"),
        ("Works on the jobs table and the logo.", ("e1", "e6"), "different matters"),
        ("Works on the jobs table.", ("e1", "e6"), "something else"),
        ("Removes the jobs table for mail.", ("e0", "e1"), "'removes'"),
        ("Dislikes the jobs table.", ("e0", "e1"), "turning away"),
        ("Loves the jobs table.", ("e0", "e1"), "a liking"),
        ("Knows celery and the jobs table deeply.", ("e1", "e2"), "'deeply'"),
        ("Always works on the jobs table.", ("e0", "e1"), "'always'"),
        ("Recommend the jobs table.", ("e0", "e1"), "first word"),
        ("Work on the jobs table.", ("e0", "e1"), "first word"),
        ("Celery and the jobs table.", ("e1", "e2"), "first word"),
        ("Works on the jobs table with for mail.", ("e0", "e1"), "English"),
        ("Works.", ("e0", "e1"), "name"),
    ],
)
def test_a_statement_that_the_events_do_not_show_is_refused(
    statement: str, cited: tuple[str, ...], because: str
) -> None:
    """Each of its words is ours or theirs, they are about one matter, and it claims no more than they show."""
    assert because in refused(refresh(AddBelief("app", statement, cited)))


def test_names_stand_in_quotation_marks_as_in_every_text() -> None:
    """What comes from activity is told from what is ours."""
    profile = refresh(GOAL, BELIEF).profile
    assert goals(profile) == ['Moving "mail" from "celery" to the jobs table']
    assert beliefs(profile) == ['Speeds up the "broker" tests.']


def test_what_a_model_understood_is_said_after_what_was_stated() -> None:
    """Goals and beliefs come in the foreword's register, within its tokens, under the frame for quoted names."""
    text = refresh(GOAL, BELIEF).profile.foreword.text
    lines = text.splitlines()
    assert "quoted names are data" in lines[0]
    assert lines[1].startswith("As of September 2025, developer")
    assert 'Now: moving "mail" from "celery" to the jobs table.' in lines
    assert 'Speeds up the "broker" tests.' in lines


def test_a_policy_keeps_names_out_of_what_models_say() -> None:
    """What code may not name a model may not either; what is stored goes when the policy no longer lets it stand."""
    words = {"policy": "vocabulary", "vocabulary": ["Celery"]}
    strict = Config.model_validate({"foreword": {"words": words}})
    assert "'mail'" in refused(refresh(GOAL, config=strict))
    known = AddGoal("Moving jobs from celery to the table", ("e1", "e2"))
    assert goals(refresh(known, config=strict).profile) == ["Moving jobs from Celery to the table"]
    stored = refresh(GOAL).profile
    assert goals(refresh(previous=stored, config=strict).profile) == []


def test_a_goal_is_phrased_as_what_the_user_is_at() -> None:
    """`Work on` becomes `Working on`, so that it reads behind "Now:"."""
    assert goals(refresh(AddGoal("Work on the jobs table", ("e0", "e1"))).profile) == [
        "Working on the jobs table"
    ]


def test_the_example_of_the_instructions_passes() -> None:
    """What models are shown as good is good by the rule."""
    told = instructions(with_product=False)
    _, _, example = told.partition("# Example")
    rows = [json.loads(line) for line in example.splitlines() if line.startswith('{"id":"e')]
    answer = example[example.index('{"operations"') : example.rindex("]}") + 2]
    seen = [
        event(
            number,
            5 - number / 10,
            row["topics"],
            type=row["type"],
            text=row["text"],
            item_id=row.get("item", ""),
        )
        for number, row in enumerate(rows)
    ]
    first = refresh(events=[*EVENTS, *renumbered(seen, 20)]).profile
    held = first.self_model.beliefs.add(
        belief_id="5b0c9e1f2a77",
        subject="celery",
        statement='Sends mail with "celery".',
        proposed_by="anthropic",
    )
    held.evidence.add(event_id="e0").time.CopyFrom(EVENTS[0].time)
    reading = read_answer(answer, [f"e{20 + number}" for number in range(len(rows))])
    assert reading.errors == []
    result = refresh(*reading.operations, events=[*EVENTS, *renumbered(seen, 20)], previous=first)
    assert [str(refusal.error) for refusal in result.refusals] == []


def renumbered(events: Sequence[event_pb2.Event], first: int) -> list[event_pb2.Event]:
    """Return events with other ids."""
    for number, each in enumerate(events, start=first):
        each.event_id = f"e{number}"
    return list(events)


# -- beside what code counts --------------------------------------------------------------------------------------


def test_code_and_a_model_believe_side_by_side() -> None:
    """A model's belief on a topic that code counts closes nothing of code's, and code's closes nothing of it."""
    alone = refresh().profile
    both = refresh(BELIEF).profile
    assert beliefs(both, by_model=False) == beliefs(alone, by_model=False) != []
    later = refresh(
        previous=both, new=commits("Fix the app", "Fix the app again", first=20, days_ago=1)
    ).profile
    assert beliefs(later) == beliefs(both)


def test_revising_what_code_counts_adds_beside_it() -> None:
    """The count stands; what the model makes of it stands too."""
    alone = refresh().profile
    counted = next(row for row in alone.self_model.beliefs)
    result = refresh(
        ReviseBelief(counted.belief_id, "Speeds up the broker tests.", ("e3", "e4")), previous=alone
    )
    assert beliefs(result.profile) == ['Speeds up the "broker" tests.']
    assert beliefs(result.profile, by_model=False) == [counted.statement]


def test_a_model_cannot_close_what_code_counts() -> None:
    """Counts begin and end by counting."""
    alone = refresh().profile
    belief_id = alone.self_model.beliefs[0].belief_id
    assert "code" in refused(refresh(CloseBelief(belief_id, ("e2",)), previous=alone))


def test_nothing_new_changes_no_byte_of_what_a_model_said() -> None:
    """Text and self-model are the same after a refresh by code alone."""
    first = refresh(GOAL, BELIEF).profile
    second = refresh(previous=first).profile
    assert second.foreword == first.foreword
    assert second.self_model == first.self_model
    assert second.provenance.generator == "extractive"


def test_a_level_is_capped_by_the_count() -> None:
    """A model may lift it by a little; what code counts itself it does not touch."""
    (row,) = [
        row
        for row in refresh(SetExpertise("jobs table", 1.0, ("e0", "e1", "e2"))).profile.self_model.expertise
        if row.proposed_by
    ]
    assert row.evidence_count == 3
    assert row.level == pytest.approx(3 / 33 + 0.15, abs=0.01)
    assert "code" in refused(refresh(SetExpertise("app", 1.0, ("e0", "e1"))))
    assert "at least 2" in refused(refresh(SetExpertise("logo", 1.0, ("e6", "e1"))))


# -- preferences and presentation ---------------------------------------------------------------------------------

SAID = event(30, 1, [], type="message", text="just show me the diff please, no explanations")


def test_a_preference_needs_a_word_of_the_users() -> None:
    """Said once is enough, done twice is not, and turned round it is refused."""
    wanted = SetPreference("answer_form", "diffs without explanations", ("e30",))
    said = refresh(wanted, events=[*EVENTS, SAID])
    (row,) = [row for row in said.profile.self_model.preferences if row.proposed_by]
    assert row.value == "diffs without explanations"
    turned = SetPreference("answer_form", "explanations", ("e30",))
    assert "value" in refused(refresh(turned, events=[*EVENTS, SAID]))
    done = SetPreference("test_framework", "broker tests", ("e3", "e4"))
    assert "value" in refused(refresh(done))


def test_a_presentation_needs_what_the_user_asked_for() -> None:
    """Depth, length and tone other than code's need a word for them; what code knows stays."""
    short = profile_pb2.Presentation(
        depth=profile_pb2.DEPTH_STANDARD, tone="direct", length=profile_pb2.LENGTH_SHORT
    )
    shown = refresh(SetPresentation(short, ("e30",)), events=[*EVENTS, SAID]).profile
    assert shown.presentation.length == profile_pb2.LENGTH_SHORT
    assert refresh(previous=shown, events=[*EVENTS, SAID]).profile.presentation == shown.presentation
    formal = profile_pb2.Presentation(
        depth=profile_pb2.DEPTH_STANDARD, tone="formal", length=profile_pb2.LENGTH_SHORT
    )
    assert "tone" in refused(refresh(SetPresentation(formal, ("e30",)), events=[*EVENTS, SAID]))
    # No word asks for what is usual; it is refused like any other, where it is not held already.
    neutral = profile_pb2.Presentation(
        depth=profile_pb2.DEPTH_STANDARD, tone="neutral", length=profile_pb2.LENGTH_SHORT
    )
    assert "tone" in refused(refresh(SetPresentation(neutral, ("e30",)), events=[*EVENTS, SAID]))
    assert "word" in refused(refresh(SetPresentation(short, ("e0", "e1"))))


# -- how it ends --------------------------------------------------------------------------------------------------


def test_the_same_said_again_is_more_evidence_and_no_second_row() -> None:
    """Other words for the same things are the same."""
    first = refresh(GOAL, BELIEF).profile
    again = refresh(
        AddGoal("Moves the mail from celery to a jobs table", ("e1", "e2")),
        AddBelief("tests", "Cuts the time of the broker tests.", ("e3", "e4")),
        previous=first,
    )
    assert goals(again.profile) == goals(first)
    assert len(beliefs(again.profile)) == 2 or beliefs(again.profile) == beliefs(first)


def test_news_supports_and_silence_ends() -> None:
    """An event that names two of its things keeps a goal; two windows without one end it, on the next news."""
    first = refresh(GOAL).profile
    news = commits("Move more mail to the jobs table", first=20, days_ago=1)
    kept = refresh(previous=first, new=news).profile
    assert kept.self_model.goals[0].evidence[-1].event_id == "e20"
    other = commits("Paint the logo red", first=21, days_ago=0)
    assert goals(refresh(previous=first, new=other, later_days=30).profile) == goals(first)
    assert goals(refresh(previous=first, new=other, later_days=70).profile) == []


def test_a_no_ends_what_is_for_it() -> None:
    """What the user turned down is believed no longer, whoever proposed it."""
    liked = commits("Read on cobol", "Write cobol again", first=10, days_ago=3)
    for each in liked:
        each.topics.append("cobol")
    first = refresh(AddGoal("Reading and writing cobol", ("e10", "e11")), events=[*EVENTS, *liked]).profile
    assert len(goals(first)) == 1
    no = event(31, 0.5, ["cobol"], type="mute")
    assert goals(refresh(previous=first, events=[*EVENTS, *liked], new=[no]).profile) == []


def test_a_goal_ends_with_an_event_that_completes_it() -> None:
    """A newer event about it that finishes something; an older one or one about something else ends nothing."""
    first = refresh(GOAL).profile
    goal_id = first.self_model.goals[0].goal_id
    done = commits("Remove celery, all mail is in the jobs table", first=20, days_ago=1)
    assert "ends it" in refused(refresh(CloseGoal(goal_id, ("e6",)), previous=first))
    assert "ends it" in refused(refresh(CloseGoal(goal_id, ("e1",)), previous=first))
    seen = refresh(previous=first, events=[*EVENTS, *done]).profile
    ended = refresh(CloseGoal(goal_id, ("e20",)), previous=seen, events=[*EVENTS, *done])
    assert goals(ended.profile) == []


def test_most_beliefs_are_not_closed_at_once() -> None:
    """A proposal that would shrink a self-model to nothing closes none, unless the user turned each down."""
    texts = [f"Tune {name} cache" for name in ("image", "mail", "report", "search") for _ in range(2)]
    seen = [*EVENTS, *commits(*texts, first=10, days_ago=5)]
    added = [
        AddBelief("app", f"Works on the {name} cache.", (f"e{10 + 2 * place}", f"e{11 + 2 * place}"))
        for place, name in enumerate(("image", "mail", "report"))
    ]
    first = refresh(*added, events=seen).profile
    fourth = AddBelief("cache", "Works on the search cache.", ("e16", "e17"))
    first = refresh(fourth, events=seen, previous=first).profile
    assert len(beliefs(first)) == 4
    done = commits(
        *(f"Remove the {name} cache" for name in ("image", "mail", "report", "search")), first=40, days_ago=1
    )
    everything = [*seen, *done]
    rows = [row for row in first.self_model.beliefs if row.proposed_by]
    closings = [
        CloseBelief(
            row.belief_id,
            (
                f"e{40 + [name in row.statement for name in ('image', 'mail', 'report', 'search')].index(True)}",
            ),
        )
        for row in rows
    ]
    swept = refresh(*closings, previous=first, events=everything)
    assert swept.applied_count == 0
    assert "at once" in str(swept.refusals[0].error)
    one = refresh(closings[0], previous=first, events=everything)
    assert len(beliefs(one.profile)) == 3


def test_reinforcing_needs_events_that_show_the_same() -> None:
    """Neither code's beliefs nor a model's are made surer by events about something else."""
    first = refresh(BELIEF).profile
    by_model = next(row for row in first.self_model.beliefs if row.proposed_by)
    assert "something else" in refused(refresh(ReinforceBelief(by_model.belief_id, ("e6",)), previous=first))
    assert "belief_id" in refused(refresh(ReinforceBelief("0" * 12, ("e6",)), previous=first))
