"""What a provider may propose: typed operations on the self-model, each citing the events it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from foreword.v1 import profile_pb2


@dataclass(frozen=True, slots=True)
class AddBelief:
    """Add a belief; a current one on the same subject with another statement is closed."""

    subject: str
    statement: str
    event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReinforceBelief:
    """Add evidence to a belief that holds."""

    belief_id: str
    event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContradictBelief:
    """Add evidence against a belief that holds; it holds on until what is against it prevails."""

    belief_id: str
    event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviseBelief:
    """Close a belief and hold another statement on its subject from then on."""

    belief_id: str
    statement: str
    event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CloseBelief:
    """End a belief that no longer holds."""

    belief_id: str
    event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddGoal:
    """Add a goal, or evidence to the current goal of the same statement."""

    statement: str
    event_ids: tuple[str, ...]
    subject: str = ""


@dataclass(frozen=True, slots=True)
class CloseGoal:
    """End a goal."""

    goal_id: str
    event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetExpertise:
    """Set how well the user knows an area, 0 to 1; `event_count` events show it, at least those cited."""

    area: str
    level: float
    event_ids: tuple[str, ...]
    event_count: int = 0


@dataclass(frozen=True, slots=True)
class SetPreference:
    """Set a preference; the former value of the key goes."""

    key: str
    value: str
    event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetPresentation:
    """Set how answers are presented; the whole of it."""

    presentation: profile_pb2.Presentation
    event_ids: tuple[str, ...]


Operation: TypeAlias = (
    AddBelief
    | ReinforceBelief
    | ContradictBelief
    | ReviseBelief
    | CloseBelief
    | AddGoal
    | CloseGoal
    | SetExpertise
    | SetPreference
    | SetPresentation
)
