"""The one log that is learned from: what users said of actions, as events among their others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from foreword import synthetic
from foreword.admission import ATTRIBUTE_VALUE_BYTES_MAX
from foreword.v1.event_pb2 import Event, Feedback
from ranking.example import Action, Context, Example

FEEDBACK_TYPE = "rank.feedback"
# An action's attributes stand behind this among an event's, the moment's without it.
ACTION_PREFIX = "action."
# The same with another sign, which no attribute's key can be taken for: an action's own text, and its decision.
_ACTION_TEXT = "action:text"
_DECISION = "action:decision"
# An assistant's suggestion has no name of its own: suggesting, or keeping still, is the action.
_SUGGESTION_TYPE = "agent.suggestion"
# What came of an act stands beside what was known before it, in events that are no feedback of ours.
_AFTERWARDS = frozenset({"outcome", "error_type"})
# What no attribute of a moment may begin with.
OF_ACTION = (ACTION_PREFIX, "action:")

_REWARDS = {
    Feedback.FEEDBACK_LIKE: 1.0,
    Feedback.FEEDBACK_ACCEPT: 1.0,
    Feedback.FEEDBACK_DISLIKE: 0.0,
    Feedback.FEEDBACK_REJECT: 0.0,
    Feedback.FEEDBACK_CORRECTION: 0.0,
}


def counted_text(text: str) -> str:
    """Return what counts of an action's text: as much as an event's attribute holds, so that a replay sees the same."""
    return text.encode()[:ATTRIBUTE_VALUE_BYTES_MAX].decode(errors="ignore")


def feedback_event(
    context: Context,
    action: Action,
    feedback: Feedback = Feedback.FEEDBACK_UNSPECIFIED,
    *,
    reward: float | None = None,
    text: str = "",
    decision_id: str = "",
) -> Event:
    """Return what a user said of an action as an event; whose, when and its id are the caller's to set.

    Args:
        context: The moment in which it was offered.
        action: What was offered; its text as `counted_text` leaves it.
        feedback: What was said.
        reward: How good it turned out to be, 0 to 1.
        text: How it shall be, with a correction; takes the place of the moment's text.
        decision_id: The decision in which it was offered, or nothing.
    """
    event = Event(
        type=FEEDBACK_TYPE,
        item_id=action.id,
        topics=action.topics,
        text=text or context.text,
        session_id=context.session_id,
        feedback=feedback,
        vector=action.vector,
        attributes=context.attributes,
    )
    for key, value in action.attributes.items():
        event.attributes[ACTION_PREFIX + key] = value
    if action.text:
        event.attributes[_ACTION_TEXT] = action.text
    if decision_id:
        event.attributes[_DECISION] = decision_id
    if reward is not None:
        event.value = reward
    return event


def examples(events: Iterable[Event]) -> Iterator[Example]:
    """Yield what events teach, in their order; none of one that says nothing of an action.

    An event teaches when it has an item and feedback, or is a reward given by `RecordFeedback`, or takes or turns
    down an assistant's suggestion. A reward is the number itself; without one a yes is 1, and a no or a correction 0.
    What only was done, such as the call of a tool, is a `ranking.choices.Choice`.
    """
    for event in events:
        reward = _reward(event)
        if reward is not None:
            is_synthetic = event.namespace == synthetic.NAMESPACE
            yield Example(
                event.user_id, context_of(event), action_of(event), reward, is_synthetic=is_synthetic
            )


def context_of(event: Event) -> Context:
    """Return the moment of an event."""
    afterwards = frozenset() if event.type == FEEDBACK_TYPE else _AFTERWARDS
    attributes = {
        key: value
        for key, value in event.attributes.items()
        if not key.startswith(OF_ACTION) and key not in afterwards
    }
    is_correction = event.feedback == Feedback.FEEDBACK_CORRECTION
    return Context(
        time_ms=event.time.ToMilliseconds(),
        attributes=attributes,
        # A correction's text says how it shall be, and not what was asked.
        text="" if is_correction else event.text,
        session_id=event.session_id,
    )


def action_of(event: Event) -> Action:
    """Return the action that an event is about."""
    start = len(ACTION_PREFIX)
    return Action(
        id=_action_id(event),
        topics=tuple(event.topics),
        attributes={
            key[start:]: value for key, value in event.attributes.items() if key.startswith(ACTION_PREFIX)
        },
        text=event.attributes.get(_ACTION_TEXT, ""),
        vector=tuple(event.vector),
    )


def decision_id_of(event: Event) -> str:
    """Return the decision that feedback is about; empty where it names none."""
    return event.attributes.get(_DECISION, "") if event.type == FEEDBACK_TYPE else ""


def _action_id(event: Event) -> str:
    return event.item_id or (_SUGGESTION_TYPE if event.type == _SUGGESTION_TYPE else "")


def _reward(event: Event) -> float | None:
    if not _action_id(event):
        return None
    if event.type == FEEDBACK_TYPE and event.HasField("value") and 0 <= event.value <= 1:
        return event.value
    return _REWARDS.get(event.feedback)
