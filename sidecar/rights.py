"""Which right each method takes, and which namespaces a request is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

from foreword.callers import Right

# Of what a request is about: namespaces, or None for the whole store, which takes a caller of all namespaces.
Spaces: TypeAlias = Iterable[str] | None


class Rule(NamedTuple):
    """What a method takes."""

    right: Right
    spaces: Callable[[Any], Spaces]
    """Returns the namespaces that a parsed request is about."""


def _named(request: Any) -> Spaces:
    return (request.namespace,)


def _whole_store(_request: Any) -> Spaces:
    return None


def _named_or_all(request: Any) -> Spaces:
    """Of a request in which a namespace that is absent means all."""
    return (request.namespace,) if request.HasField("namespace") else None


def _of_events(request: Any) -> Spaces:
    return {event.namespace for event in request.events}


def _watched(request: Any) -> Spaces:
    return None if request.all_namespaces else (request.namespace,)


def _service_looks(_request: Any) -> Spaces:
    """Of a method that asks `access.check_space` or `access.sight` itself."""
    return ()


def _fed_back(request: Any) -> Spaces:
    return () if request.decision_id else (request.namespace,)


def _invalidated(request: Any) -> Spaces:
    # An alias leads to a core by a digest that says nothing of a namespace.
    return None if request.WhichOneof("selector") == "alias_id" else (request.namespace,)


RULES: dict[str, Rule] = {
    "ProfileService/GetProfile": Rule("read", _named),
    "ProfileService/BatchGetProfiles": Rule("read", _named),
    # A refused lookup is an answer, and the stream goes on.
    "ProfileService/LookupProfiles": Rule("read", _service_looks),
    "ProfileService/GetForeword": Rule("read", _named),
    "ProfileService/WatchProfiles": Rule("read", _watched),
    "ProfileService/ListRevisions": Rule("read", _named),
    "ProfileService/RollbackProfile": Rule("operate", _named),
    "ActivityService/RecordEvents": Rule("record", _of_events),
    "ActivityService/StreamEvents": Rule("record", _of_events),
    "ActivityService/DeleteEvents": Rule("erase", _named),
    "AnswerService/Answer": Rule("read", _named),
    "AnswerService/GetCore": Rule("read", _named),
    "AnswerService/WrapCore": Rule("read", _named),
    # What an application writes for a claim; what is served to everybody was put in by somebody who records.
    "AnswerService/PutCore": Rule("record", _named),
    "AnswerService/InvalidateCores": Rule("operate", _invalidated),
    # What is kept of an answer does not say whose it was.
    "AnswerService/ExplainAnswer": Rule("operate", _whole_store),
    "AnswerService/AuditAnswers": Rule("operate", _named_or_all),
    "AnswerService/ListCores": Rule("operate", _named_or_all),
    "RankingService/RankActions": Rule("read", _named),
    "RankingService/RecordFeedback": Rule("record", _fed_back),
    # Whose decision it is stands in the log; a foreign one is as one that nobody made.
    "RankingService/ExplainRanking": Rule("read", _service_looks),
    # Counts, costs, pauses and backfills are of all users; problems name some.
    "OperatorService/GetStatus": Rule("operate", _whole_store),
    "OperatorService/RefreshUser": Rule("operate", _named),
    "OperatorService/PauseUser": Rule("operate", _named),
    "OperatorService/ResumeUser": Rule("operate", _named),
    "OperatorService/PauseRefreshes": Rule("operate", _whole_store),
    "OperatorService/ResumeRefreshes": Rule("operate", _whole_store),
    "OperatorService/ListUsers": Rule("operate", _named_or_all),
    "OperatorService/GetLedger": Rule("operate", _whole_store),
    # So that an application can tell its users why.
    "OperatorService/ExplainBelief": Rule("read", _named),
    "OperatorService/ListTopics": Rule("operate", _named),
    "OperatorService/MergeTopics": Rule("operate", _named),
    "OperatorService/SplitTopic": Rule("operate", _named),
    "OperatorService/StartBackfill": Rule("operate", _whole_store),
    "OperatorService/GetBackfill": Rule("operate", _whole_store),
    "OperatorService/SteerBackfill": Rule("operate", _whole_store),
    # All that is kept of somebody: who may remove it may see what.
    "UserDataService/ExportUser": Rule("erase", _named),
    "UserDataService/EraseUser": Rule("erase", _named),
}
