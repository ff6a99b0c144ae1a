"""What may be chosen for a user, and in which moment, as a caller gives it: made ready to be sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from foreword import arguments
from foreword.arguments import shown
from foreword.errors import FieldError
from foreword.v1.ranking_pb2 import Candidate, RankingContext

# Not a TypedDict: with one, what a ranking returns could not be typed as what was given.
CandidateLike: TypeAlias = str | Mapping[str, Any] | Candidate
"""An action's id, or its fields by name (`id`, `topics`, `attributes`, `text`, `vector`, `irreversible`), or the
message.
"""
ContextLike: TypeAlias = Mapping[str, str] | RankingContext
"""Facts of the moment by name, or the message."""


def given_candidates(candidates: Any) -> list[Any]:
    """Return what a caller gave for candidates as a list, each one not yet looked at.

    Raises:
        FieldError: It is no list of any kind.
    """
    if isinstance(candidates, (str, bytes, Mapping, Candidate)) or not isinstance(candidates, Iterable):
        hint = f"write {[candidates]!r}" if isinstance(candidates, str) and len(candidates) <= 40 else ""
        raise FieldError("candidates", shown(candidates), "a list of candidates", hint=hint)
    return list(candidates)


def make_candidates(field: str, candidates: Iterable[Any]) -> list[Candidate]:
    """Return candidates as messages.

    Raises:
        FieldError: One is of the wrong kind; names it by its place, such as `candidates[3].topics[0]`.
    """
    made = []
    for place, one in enumerate(candidates):
        try:
            made.append(make_candidate(one))
        except FieldError as exc:
            # Named only now: names for all that is in order would take as long as the rest.
            raise _placed(f"{field}[{place}]", exc) from None
    return made


def make_candidate(source: Any) -> Candidate:
    """Return a candidate as a message; a message is sent as it is.

    Raises:
        FieldError: It is none, or a field of it is of the wrong kind; names the field within it, or nothing.
    """
    if isinstance(source, str):
        return Candidate(action_id=arguments.text("", source))
    if isinstance(source, Candidate):
        return source
    if not isinstance(source, Mapping):
        allowed = f"an id, a mapping of {', '.join(_FIELDS)}, or a foreword.v1 Candidate"
        raise FieldError("", shown(source), allowed)
    if "id" not in source:
        raise FieldError("id", "none", "text that names the action")
    candidate = Candidate()
    for name, value in source.items():
        take = _FIELDS.get(name)
        if take is None:
            raise FieldError(str(name), "a field that no candidate has", ", ".join(_FIELDS))
        if value is not None:
            take(candidate, name, value)
    return candidate


def make_action(field: str, source: Any) -> Candidate:
    """Return a single candidate, as `make_candidate` does; errors name the field as part of `field`."""
    try:
        return make_candidate(source)
    except FieldError as exc:
        raise _placed(field, exc) from None


def candidate_id(source: CandidateLike) -> str:
    """Return the id of a candidate that `make_candidate` takes."""
    if isinstance(source, str):
        return source
    return source.action_id if isinstance(source, Candidate) else str(source["id"])


def make_context(field: str, moment: tuple[Any, Any, Any]) -> RankingContext:
    """Return the moment of a choice.

    Args:
        field: What the first of them is called.
        moment: The facts of it, or the message; what was asked; the session it belongs to. The latter two, where they
            are not empty, take the place of the message's.

    Raises:
        FieldError: One is of the wrong kind.
    """
    given, text, session_id = moment
    context = RankingContext()
    if isinstance(given, RankingContext):
        context.CopyFrom(given)
    elif given is not None:
        context.attributes.update(arguments.attributes(field, given))
    context.text = _words("text", text) or context.text
    context.session_id = arguments.text("session_id", session_id) or context.session_id
    return context


def _placed(field: str, exc: FieldError) -> FieldError:
    return FieldError(f"{field}.{exc.field}" if exc.field else field, exc.found, exc.allowed, hint=exc.hint)


def _words(field: str, value: Any) -> str:
    """Return what a user wrote; what is wrong with it is said without it, since it may be logged."""
    try:
        return arguments.text(field, value)
    except FieldError as exc:
        raise FieldError(field, f"a value of the type {type(value).__name__}", exc.allowed) from None


def _id(candidate: Candidate, field: str, value: Any) -> None:
    candidate.action_id = arguments.text(field, value)


def _topics(candidate: Candidate, field: str, value: Any) -> None:
    candidate.topics.extend(arguments.texts(field, value))


def _attributes(candidate: Candidate, field: str, value: Any) -> None:
    candidate.attributes.update(arguments.attributes(field, value))


def _text(candidate: Candidate, field: str, value: Any) -> None:
    candidate.text = _words(field, value)


def _vector(candidate: Candidate, field: str, value: Any) -> None:
    candidate.vector.extend(arguments.vector(field, value))


def _irreversible(candidate: Candidate, field: str, value: Any) -> None:
    candidate.irreversible = arguments.flag(field, value)


_FIELDS: dict[str, Callable[[Candidate, str, Any], None]] = {
    "id": _id,
    "topics": _topics,
    "attributes": _attributes,
    "text": _text,
    "vector": _vector,
    "irreversible": _irreversible,
}
