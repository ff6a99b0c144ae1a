"""What was done of all that could have been: calls of tools, out of an agent's trajectory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from foreword.v1.event_pb2 import Event
from ranking.example import Action, Context
from ranking.log import action_of, context_of

TOOL_CALL_TYPE = "agent.tool_call"
_ASKING_TYPES = frozenset({"agent.request", "agent.follow_up"})
# Of the chosen one, or of what came of it: known only afterwards.
_OF_THE_CALL = frozenset({"tool", "position", "outcome", "error_type"})
# Later places say the same: that it is a long run.
_POSITION_MAX = 10
# Sessions of one user that go on side by side; what is forgotten begins anew.
_SESSIONS_MAX = 64


@dataclass(frozen=True, slots=True)
class Choice:
    """An action that was taken where nothing says what of others: a yes, beside which a trainer draws some noes.

    Attributes:
        user: Whose.
        context: The moment: what the event states, but for what only the choice or its outcome told; `tool`,
            `previous_outcome` and `error_type` of the call before in the session, `position` (1 to 10) among its
            calls, and as text what the user asked last.
        chosen: The action; drawn beside it should be others that the same user's agents have taken.
    """

    user: str
    context: Context
    chosen: Action


def choices(events: Iterable[Event]) -> Iterator[Choice]:
    """Yield the calls of tools among the events of one user, which come in the order of time.

    Not as an `Example`: a tool that was not called was not turned down, so that there is nothing to learn from before
    negatives are drawn, and online, from feedback, no call is learned.
    """
    sessions: OrderedDict[str, _Session] = OrderedDict()
    for event in events:
        session = sessions.setdefault(event.session_id, _Session())
        sessions.move_to_end(event.session_id)
        if len(sessions) > _SESSIONS_MAX:
            sessions.popitem(last=False)
        if event.type in _ASKING_TYPES:
            session.asked = event.text
        elif event.type == TOOL_CALL_TYPE and event.item_id:
            yield Choice(event.user_id, session.moment(event), _chosen(event))
            session.add(event)


@dataclass(slots=True)
class _Session:
    """What is known of a session before its next call."""

    asked: str = ""
    call_count: int = 0
    last: dict[str, str] = field(default_factory=dict)

    def moment(self, event: Event) -> Context:
        stated = context_of(event)
        own = {key: value for key, value in stated.attributes.items() if key not in _OF_THE_CALL}
        position = {"position": str(min(self.call_count + 1, _POSITION_MAX))}
        return Context(
            time_ms=stated.time_ms,
            attributes={**own, **self.last, **position},
            text=self.asked,
            session_id=stated.session_id,
        )

    def add(self, event: Event) -> None:
        self.call_count += 1
        said = event.attributes
        last = {
            "tool": said.get("tool", event.item_id),
            "previous_outcome": said.get("outcome", ""),
            "error_type": said.get("error_type", ""),
        }
        self.last = {key: value for key, value in last.items() if value}


def _chosen(event: Event) -> Action:
    """Return the tool as it would be offered; its event's text would be what it was called with."""
    action = action_of(event)
    return Action(id=action.id, topics=action.topics, attributes=action.attributes)
