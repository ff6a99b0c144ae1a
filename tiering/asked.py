"""A question as it came: checked, and told whether others may share its answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from foreword.errors import FieldError
from foreword.keys import NAMESPACE_BYTES_MAX
from foreword.naming import quoted
from foreword.text_size import check_text
from foreword.v1.answer_pb2 import PrivateReason
from foreword.v1.answer_service_pb2 import AnswerRequest, Turn
from tiering.cores import Asked
from tiering.private import private_reason
from tiering.question import check_question, normalise

TURNS_MAX = 50
TURN_BYTES_MAX = 8000
TAGS_MAX = 16
TAG_BYTES_MAX = 64
_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_LOCALE_BYTES_MAX = 35
_ROLES = ("user", "assistant")


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, and what it stands in.

    Attributes:
        asked: As the cache knows it: the one that needs no conversation, where there is one.
        text: As it came.
        conversation: What was said before.
        has_standalone: Whether it came in words that need no conversation.
        tags: For the core that may be written.
    """

    asked: Asked
    text: str
    conversation: tuple[Turn, ...] = ()
    has_standalone: bool = False
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: AnswerRequest, locale: str) -> Self:
        """Return a checked question; `locale` where the request names none.

        Raises:
            FieldError: A field is missing, too long, or not what it should be.
        """
        check_question("question", request.question)
        if request.standalone_question:
            check_question("standalone_question", request.standalone_question)
        _check_turns(request.conversation)
        check_tags(request.tags)
        shared = request.standalone_question or request.question
        return cls(
            asked=asked_of(shared, request.namespace, request.locale or locale),
            text=request.question,
            conversation=tuple(request.conversation),
            has_standalone=bool(request.standalone_question),
            tags=tuple(dict.fromkeys(request.tags)),
        )

    @property
    def needs_conversation(self) -> bool:
        """Whether nobody can tell what it means without what was said before."""
        return bool(self.conversation) and not self.has_standalone

    def private_reason(self) -> PrivateReason:
        """Return why its answer is not shared; unspecified where it is."""
        return private_reason(
            self.text,
            conversation=self.conversation,
            standalone_question=self.asked.question if self.has_standalone else "",
            locale=self.asked.locale,
        )


def asked_of(question: str, namespace: str, locale: str) -> Asked:
    """Return a question as the cache knows it.

    Raises:
        FieldError: The namespace is too long, or the locale none.
    """
    check_text("namespace", namespace, NAMESPACE_BYTES_MAX)
    if len(locale) > _LOCALE_BYTES_MAX or not _LOCALE.fullmatch(locale):
        raise FieldError("locale", quoted(locale), "a language tag as BCP 47 has it, such as en or pt-BR")
    # Tags of languages are compared without regard to case.
    locale = locale.lower()
    return Asked(namespace, locale, question, normalise(question, locale))


def check_tags(tags: Sequence[str]) -> None:
    """Check the tags of a core.

    Raises:
        FieldError: They are too many, empty or too long.
    """
    if len(tags) > TAGS_MAX:
        raise FieldError("tags", f"{len(tags)} tags", f"at most {TAGS_MAX}")
    for place, tag in enumerate(tags):
        check_text(f"tags[{place}]", tag, TAG_BYTES_MAX, bytes_min=1)


def _check_turns(turns: Sequence[Turn]) -> None:
    if len(turns) > TURNS_MAX:
        raise FieldError("conversation", f"{len(turns)} turns", f"at most {TURNS_MAX}: the newest")
    for place, turn in enumerate(turns):
        if turn.role not in _ROLES:
            raise FieldError(f"conversation[{place}].role", quoted(turn.role), " or ".join(_ROLES))
        check_text(f"conversation[{place}].text", turn.text, TURN_BYTES_MAX, bytes_min=1)
