"""`foreword explain`: what is believed of a user, and why."""

from __future__ import annotations

from collections.abc import Iterator

import click

from foreword.cli.connection import connect
from foreword.cli.output import message_dict, note, print_json
from foreword.cli.settings import Settings, user_options
from foreword.cli.status import time_text
from foreword.naming import escaped
from foreword.v1.operator_service_pb2 import EventAbsence, ExplainedBelief, ExplainedEvidence
from foreword.v1.profile_pb2 import BeliefKind, BeliefSource

# Enough to know an event again by; texts may be 8 KB.
_TEXT_CHARACTERS = 96
ABSENCES = {
    EventAbsence.EVENT_ABSENCE_DELETED: "deleted; the next refresh is without it",
    EventAbsence.EVENT_ABSENCE_PAST_RETENTION: "past retention",
    EventAbsence.EVENT_ABSENCE_UNKNOWN: "not in this activity store, or damaged",
    # Of a sidecar that does not say yet.
    EventAbsence.EVENT_ABSENCE_UNSPECIFIED: "not kept",
}


@click.command("explain")
@click.argument("user")
@click.argument("belief", default="")
@user_options
@click.pass_obj
def command(settings: Settings, user: str, belief: str) -> None:
    """Print what is believed of USER, how sure that is and why, and the events behind it.

    BELIEF is the id of a belief or goal, the key of a preference, an area of expertise or a topic; without it all is
    printed, what holds and is surest first. Shows the texts of events, which no foreword ever holds.
    """
    with connect(settings) as client:
        found = client.explain(user, belief)
    if settings.as_json:
        print_json(message_dict(found, with_defaults=True))
    elif found.beliefs:
        click.echo("\n".join(line for row in found.beliefs for line in _lines(row)))
    else:
        note(f"Nothing is known of {user!r} yet")


def _lines(row: ExplainedBelief) -> Iterator[str]:
    yield click.style(escaped(row.statement), bold=True)
    kind = BeliefKind.Name(row.kind).removeprefix("BELIEF_KIND_").lower()
    source = BeliefSource.Name(row.source).removeprefix("BELIEF_SOURCE_").lower()
    who = f" by {escaped(row.proposed_by)}" if row.proposed_by else ""
    yield f"  {escaped(row.belief_id)}  {kind}, {source}{who}, {row.confidence:.0%}: {escaped(row.reason)}"
    if row.HasField("valid_from"):
        until = f" to {time_text(row.valid_to)}" if row.HasField("valid_to") else ""
        yield f"  {'held' if until else 'since'} {time_text(row.valid_from)}{until}"
    yield from (f"    {_event(item)}" for item in row.evidence)


def _event(item: ExplainedEvidence) -> str:
    against = "against: " if item.is_against else ""
    when = time_text(item.evidence.time)
    if not item.HasField("event"):
        return f"{when}  {against}{escaped(item.evidence.event_id)} ({ABSENCES[item.absence]})"
    event = item.event
    topics = f"[{', '.join(event.topics)}]" if event.topics else ""
    parts = (event.type, event.item_id, topics, _shortened(event.text))
    return f"{when}  {against}{escaped(' '.join(filter(None, parts)))}"


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _TEXT_CHARACTERS else f"{line[: _TEXT_CHARACTERS - 1].rstrip()}…"
