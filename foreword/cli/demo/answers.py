"""Answers: the same question from two people, from one core, each in words of their own; no model is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

import foreword
from foreword.cli.answer_text import cost_text, found_text, style_text, words_text
from foreword.cli.demo.screen import Screen
from foreword.cli.output import message_dict
from foreword.client import Answer, Foreword
from foreword.errors import ForewordError
from foreword.v1.event_pb2 import Event

QUESTION = "How do I issue a refund?"
_WAIT_SECONDS = 30.0
_POLL_SECONDS = 0.005
_READ_EVENTS = 5
# Who they are: what they read, and what they said of an earlier answer.
_PEOPLE = (
    ("shopkeeper", "retail", "Shorter and simpler, please."),
    ("developer", "software", "More detail, please. Be direct."),
)


class AnswerSteps:
    """The demo's step about answers.

    Args:
        screen: Where it is shown.
        client: Speaks to the daemons.
    """

    def __init__(self, screen: Screen, client: Foreword) -> None:
        self._screen = screen
        self._client = client

    def ask(self) -> dict[str, Any]:
        """Import a help centre and let two made-up people ask the same; return what was answered."""
        title = "One question, two people: answered from the articles of a help centre, without a model"
        with self._screen.step("answers", title):
            articles = [path.read_text() for path in sorted(articles_folder().glob("*.md"))]
            for article in articles:
                self._client.put_core(article)
            self._screen.detail(f"{len(articles)} articles became cores: sections, depths, caveats, examples")
            for person in _PEOPLE:
                self._introduce(*person)
            answers = [self._client.answer(user, QUESTION) for user, _, _ in _PEOPLE]
            for (user, topic, wish), answer in zip(_PEOPLE, answers, strict=True):
                self._show(user, f"reads about {topic}, and said “{wish}”", answer)
            self._explain(answers[-1])
        return {
            "question": QUESTION,
            "articles": len(articles),
            "answers": [
                {"text": answer.text, "found": message_dict(answer.found), "done": message_dict(answer.done)}
                for answer in answers
            ],
        }

    def _introduce(self, user: str, topic: str, wish: str) -> None:
        """Record what a made-up person did, and wait until their profile says so."""
        reads = [
            Event(event_id=f"demo-{user}-{number}", user_id=user, type="read", topics=[topic])
            for number in range(_READ_EVENTS)
        ]
        said = Event(event_id=f"demo-{user}-said", user_id=user, type="correction", text=wish)
        end = Event(event_id=f"demo-{user}-end", user_id=user, type="session.end")
        self._client.record([*reads, said, end])
        _until(lambda: bool(self._client.profile(user).profile.presentation.example_domains), user)

    def _show(self, user: str, who: str, answer: Answer) -> None:
        began = time.perf_counter()
        text = answer.text
        milliseconds = (time.perf_counter() - began) * 1e3
        head = f"{user}, who {who}, asks “{QUESTION}”; answered in {milliseconds:.1f} ms:"
        self._screen.say("")
        self._screen.detail(click.style(head, dim=True))
        self._screen.quote(text)

    def _explain(self, answer: Answer) -> None:
        explanation = self._client.explain_answer(answer.done.answer_id).explanation
        self._screen.say("")
        self._screen.detail(
            click.style("Why the second one is as it is (`foreword answer explain`):", dim=True)
        )
        self._screen.detail(
            f"{found_text(explanation.found)}; {explanation.served_count} answers from it so far"
        )
        self._screen.detail(style_text(explanation.done.style))
        self._screen.detail(f"{words_text(explanation.done)}; {cost_text(explanation.done)}")


def articles_folder() -> Path:
    """Return the folder of the articles: in the package where it is installed, else in the checkout.

    Raises:
        ForewordError: Neither has it.
    """
    package = Path(foreword.__file__).resolve().parent
    for folder in (package / "cli" / "demo" / "help-centre", package.parent / "examples" / "help-centre"):
        if folder.is_dir():
            return folder
    raise ForewordError("the articles of the demo are missing", hint="install Foreword anew")


def _until(is_so: Callable[[], bool], user: str) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise ForewordError(f"no profile of {user} within {_WAIT_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)
