"""What the model server says to questions about facts: believable, by rule, and the same for the same question."""

from __future__ import annotations

import json
from typing import Any

import pytest
from some_cores import BEGINNER, EXPERT, RESET, RETRIES, UNKNOWN

from foreword.llm import ModelAnswer, ModelRequest
from foreword.model_server.cores import answer_about_facts
from foreword.v1.answer_pb2 import AppliedStyle
from foreword.v1.core_pb2 import Core
from tiering.judging import judge_request, read_verdict
from tiering.plan import plan_request, read_plan
from tiering.rewrite import read_rewrite, rewrite_request
from tiering.writing import core_request, private_request, read_core, read_private

CONTEXT = """# Invoices

Invoices can be exported as CSV or PDF. Choose Invoices, then Export. Only owners may export invoices.

## Send an invoice

1. Open the invoice.
2. Choose Send.

# Passwords

Choose Forgot password. The link works for 30 minutes.
"""


def said(request: ModelRequest) -> ModelAnswer:
    """Return the server's answer, as a provider's SDK hands it over."""
    answered = answer_about_facts(request.schema, [request.shared, request.prompt])
    assert answered is not None
    return ModelAnswer(text=json.dumps(answered), stop_reason="end", model=request.model)


def core_of(question: str, context: str = CONTEXT) -> Core:
    request = core_request(question, locale="en", context=context, model="m", output_tokens_max=2000)
    return read_core(said(request), question)


def test_core_is_from_the_nearest_passages() -> None:
    """Its lead is a sentence of the text, its limits are caveats, and what is about something else is left out."""
    core = core_of("How do I export invoices?")
    assert core.lead_short in CONTEXT
    assert "export" in core.lead_short.lower()
    assert [caveat.text for caveat in core.caveats] == ["Only owners may export invoices."]
    assert "password" not in str(core).lower()


def test_core_without_a_text_says_so() -> None:
    """It invents nothing."""
    core = core_of("What is the boiling point of lead?", "")
    assert "says nothing of" in core.lead_short


@pytest.mark.parametrize(
    ("asked", "is_same"),
    [
        ("How can I retry calls that failed?", True),
        ("Who may cancel a subscription?", False),
    ],
)
def test_verdict_is_by_shared_words(asked: str, is_same: bool) -> None:
    """Strict enough for a test to tell the two apart."""
    assert read_verdict(said(judge_request(asked, RETRIES, model="m"))) is is_same


@pytest.mark.parametrize("style", [BEGINNER, EXPERT, UNKNOWN])
@pytest.mark.parametrize("core", [RETRIES, RESET, core_of("How do I export invoices?")])
def test_plans_and_rewrites_pass_the_checks(core: Core, style: AppliedStyle) -> None:
    """As a good model's do, for each style."""
    plan = read_plan(said(plan_request(core, style, model="m")), core, style)
    rewritten = read_rewrite(said(rewrite_request(core, style, model="m")), core, style)
    for text in (plan.text, rewritten.text):
        assert all(caveat.text in text for caveat in core.caveats)


def test_private_answer_is_from_the_text() -> None:
    """Shorter for who wants it short."""

    def text(style: AppliedStyle) -> str:
        request = private_request(
            "Can I export my invoice 4711?",
            conversation=(),
            foreword="",
            style=style,
            context=CONTEXT,
            locale="en",
            model="m",
            output_tokens_max=500,
        )
        return read_private(said(request))

    assert "export" in text(UNKNOWN).lower()
    assert len(text(BEGINNER)) < len(text(EXPERT))


def test_other_questions_are_not_its_own() -> None:
    """A refresh's schema is known by its operations."""
    schema: dict[str, Any] = {"properties": {"operations": {}}}
    assert answer_about_facts(schema, []) is None
    assert answer_about_facts({"properties": {"text": {"type": "integer"}}}, []) is None


@pytest.mark.parametrize("row", ['{"room_words": "x"}', '{"depth": 5, "emphasis": 3}', "[" * 100_000])
def test_odd_prompts_are_answered_by_their_schema_alone(row: str) -> None:
    """No prompt stops the server."""
    request = plan_request(RETRIES, UNKNOWN, model="m")
    assert answer_about_facts(request.schema, [f"<style>\n{row}\n</style>\n"]) in (
        None,
        {"sections": [], "connecting": [], "examples": []},
    )
