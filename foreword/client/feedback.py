"""What a user said of an action, as a caller gives it: made ready to be sent."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from foreword import arguments
from foreword.arguments import shown
from foreword.client.candidates import make_action
from foreword.errors import FieldError
from foreword.v1.event_pb2 import Feedback

_DECISION = "the decision_id of a ranking, or user_id and action"


class Said(NamedTuple):
    """What a user said, and how good it turned out to be; None where nothing is known."""

    accepted: Any
    liked: Any
    correction: Any
    reward: Any

    def fields(self) -> dict[str, Any]:
        """Return the fields of a request that say it: of what agrees, what says most.

        Raises:
            FieldError: Nothing is said, one contradicts another, or one is of the wrong kind.
        """
        said = self._said()
        fields: dict[str, Any] = {}
        if self.reward is not None:
            fields["reward"] = _reward(self.reward)
        elif not said:
            found = "none of accepted, liked, correction and reward"
            raise FieldError("accepted", found, "at least one of them")
        if self.correction:
            fields |= {"feedback": Feedback.FEEDBACK_CORRECTION, "text": self.correction}
        elif said:
            fields["feedback"] = said[-1][2]
        return fields

    def _said(self) -> list[tuple[str, bool, Feedback]]:
        """Return what was said by name, whether it is a yes, and the word for it; what says most is last."""
        said = []
        if self.accepted is not None:
            is_yes = arguments.flag("accepted", self.accepted)
            word = Feedback.FEEDBACK_ACCEPT if is_yes else Feedback.FEEDBACK_REJECT
            said.append(("accepted", is_yes, word))
        if self.liked is not None:
            is_yes = arguments.flag("liked", self.liked)
            said.append(("liked", is_yes, Feedback.FEEDBACK_LIKE if is_yes else Feedback.FEEDBACK_DISLIKE))
        if _correction(self.correction):
            said.append(("correction", False, Feedback.FEEDBACK_CORRECTION))
        for name, is_yes, _ in said[1:]:
            first, first_is_yes, _ = said[0]
            if is_yes != first_is_yes:
                found = "a correction" if name == "correction" else str(is_yes)
                raise FieldError(
                    name, f"{found} beside {first}={first_is_yes}", "what agrees; a correction is a no"
                )
        return said


def feedback_fields(
    decision_id: Any,
    said: Said,
    *,
    action_id: Any,
    feedback_id: Any,
    user_id: Any,
    action: Any,
    context: Any,
) -> dict[str, Any] | None:
    """Return the fields of a request; None when the decision is an unranked order's, of which nothing is learned.

    Raises:
        FieldError: One is of the wrong kind, missing, or contradicts another.
    """
    fields = said.fields()
    fields["feedback_id"] = feedback_id
    if decision_id:
        for name, value in (("action", action), ("context", context)):
            if value:
                raise FieldError(name, f"{shown(value)} beside a decision", "one of both", hint=_meant(name))
        return {"decision_id": decision_id, "action_id": action_id, "user_id": user_id, **fields}
    if action is None and not user_id:
        if decision_id is None:
            raise FieldError("decision_id", "none", _DECISION)
        arguments.text("decision_id", decision_id)
        return None
    if action_id:
        raise FieldError(
            "action_id", f"{shown(action_id)} without a decision", "action, which says all of it"
        )
    if action is None:
        raise FieldError("action", "None", "the action that was offered: its id, a mapping, or a Candidate")
    # Of a decision the sidecar makes an id that is the same for the same words. The same said of an action again, on
    # another day, counts again.
    fields["feedback_id"] = feedback_id or os.urandom(16).hex()
    return {"user_id": user_id, "action": make_action("action", action), "context": context, **fields}


def _correction(value: Any) -> bool:
    try:
        return bool(arguments.text("correction", value))
    except FieldError as exc:
        # What a user wrote may be logged.
        raise FieldError("correction", f"a value of the type {type(value).__name__}", exc.allowed) from None


def _reward(value: Any) -> float:
    reward = arguments.number("reward", value)
    if not 0 <= reward <= 1:
        raise FieldError("reward", shown(value), "0 to 1")
    return reward


def _meant(name: str) -> str:
    return "with a decision, action_id says which of the offered ones" if name == "action" else ""
