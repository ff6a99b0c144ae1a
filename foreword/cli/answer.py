"""`foreword answer`: answers from cores that many users share, and looking after these cores."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from foreword.cli.answer_import import import_
from foreword.cli.answer_list import list_
from foreword.cli.answer_prewarm import prewarm
from foreword.cli.answer_purge import purge
from foreword.cli.answer_text import (
    core_lines,
    cost_rows,
    cost_text,
    found_text,
    origin_text,
    profile_text,
    shortened,
    style_text,
    words_text,
)
from foreword.cli.connection import connect
from foreword.cli.output import message_dict, note, print_json, table, usd_text
from foreword.cli.settings import Settings, user_options
from foreword.cli.status import time_text
from foreword.client import Answer
from foreword.errors import ForewordError
from foreword.v1.answer_pb2 import AnswerExplanation, AuditedHit
from foreword.v1.answer_service_pb2 import GetCoreResponse
from foreword.v1.core_pb2 import Core

_ID = re.compile(r"[0-9a-f]{32}")
_PURGE = "foreword answer purge"


@click.group("answer")
@user_options
def command() -> None:
    """Answer questions from cores that many users share, in words for one, and look after these cores."""


command.add_command(import_)
command.add_command(list_)
command.add_command(prewarm)
command.add_command(purge)


@command.command("ask")
@click.argument("user")
@click.argument("question")
@click.option(
    "--standalone",
    default="",
    metavar="QUESTION",
    help="The same question in words that need no conversation; it is the one that is shared.",
)
@click.option("--locale", default="", metavar="TAG", help="The language; default: tiering.locale.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Put on the core if one is written.")
@click.option("--cached-only", is_flag=True, help="Answer from what is stored alone; ask no model.")
@user_options
@click.pass_obj
def ask(
    settings: Settings,
    *,
    user: str,
    question: str,
    standalone: str,
    locale: str,
    tags: tuple[str, ...],
    cached_only: bool,
) -> None:
    """Answer QUESTION for USER, and print the words as they come.

    Says on stderr how the core was found and what the answer cost; with --verbose also of what and in which style it
    was made.
    """
    with (
        connect(settings) as client,
        client.answer(
            user, question, standalone_question=standalone, locale=locale, tags=tags, cached_only=cached_only
        ) as answer,
    ):
        if not settings.as_json:
            _print_words(answer)
        done = answer.done
        if answer.error is not None:
            raise answer.error
        if settings.as_json:
            parts = {name: message_dict(part) for name, part in (("found", answer.found), ("done", done))}
            print_json({"text": answer.text, **parts})
    note(f"Answered by {found_text(answer.found)}; {cost_text(done)}")
    if settings.verbose:
        note(f"Words {words_text(done)}")
        note(f"Style of {profile_text(done)}: {style_text(done.style)}")
    note(f"Why: foreword answer explain {done.answer_id}")


def _print_words(answer: Answer) -> None:
    last = "\n"
    try:
        for last in answer:
            click.echo(last, nl=False)
    finally:
        if not last.endswith("\n"):
            click.echo()


@command.command("get")
@click.argument("name", metavar="QUESTION|ID")
@click.option("--locale", default="", metavar="TAG", help="The language; default: tiering.locale.")
@user_options
@click.pass_obj
def get(settings: Settings, name: str, locale: str) -> None:
    """Print the core that answers QUESTION, or the one with this ID, and what leads to it; asks no model."""
    with connect(settings) as client:
        named = {"core_id": name} if _ID.fullmatch(name) else {"question": name}
        found = client.get_core(**named, locale=locale)
    if not found.HasField("core"):
        raise ForewordError(
            "there is no such core",
            hint="foreword answer import stores articles; a model writes cores where tiering.provider is one",
        )
    if settings.as_json:
        print_json(message_dict(found, with_defaults=True))
        return
    click.echo("\n\n".join(core_lines(found.core)))
    for line in _of_core(found):
        note(line)


def _of_core(found: GetCoreResponse) -> Iterator[str]:
    core = found.core
    yield f"Found by {found_text(found.found)}"
    tags = f"; tags {', '.join(core.tags)}" if core.tags else ""
    yield f"Core {core.core_id}, {_made_text(core)}{tags}"
    for alias in found.aliases:
        yield f"Alias {alias.alias_id} of {alias.judged_by}, {time_text(alias.created_at)}: {alias.question}"


def _made_text(core: Core) -> str:
    by = f" by {core.revisions.model} for {usd_text(core.cost_micro_usd)} USD" if core.revisions.model else ""
    return f"{origin_text(core.origin)}{by}, {time_text(core.created_at)}"


@command.command("explain")
@click.argument("answer_id")
@user_options
@click.pass_obj
def explain(settings: Settings, answer_id: str) -> None:
    """Print why an answer was what it was: how its core was found, its words, its style, and what it cost.

    ANSWER_ID is what `foreword answer ask` says, and `done.answer_id` of an answer. The newest answers are known, as
    many as tiering.explained_max says.
    """
    with connect(settings) as client:
        response = client.explain_answer(answer_id)
    if not response.HasField("explanation"):
        raise ForewordError(
            f"no answer {answer_id} is known, or no longer",
            hint="tiering.explained_max says how many answers are",
        )
    if settings.as_json:
        print_json(message_dict(response.explanation, with_defaults=True))
        return
    click.echo(table(_explained(response.explanation)))
    if response.explanation.done.costs:
        heading = ("spent on", "calls", "tokens read", "written", "USD")
        click.echo(f"\n{table(cost_rows(response.explanation.done), heading=heading)}")


def _explained(why: AnswerExplanation) -> Iterator[tuple[str, str]]:
    yield "answered", time_text(why.answered_at)
    yield "by", found_text(why.found)
    if why.HasField("alias"):
        yield "", f"so says {why.alias.judged_by}, {time_text(why.alias.created_at)}"
        yield "", f"withdrawn by: {_PURGE} --alias {why.alias.alias_id}"
    if why.HasField("core"):
        yield "core", f"{_made_text(why.core)}, of {why.core.question!r}"
        yield "", f"withdrawn by: {_PURGE} --core {why.core.core_id}"
    elif why.found.core_id:
        yield "core", f"{why.found.core_id}, which is gone"
    yield "words", words_text(why.done)
    yield "style", f"of {profile_text(why.done)}: {style_text(why.done.style)}"
    yield "cost", cost_text(why.done)
    if why.served_count:
        pays = f"; cheaper than one by one from {why.break_even_count:,} on" if why.break_even_count else ""
        yield "core gave", f"{why.served_count:,} answers{pays}"


@command.command("audit")
@click.option("--served-only", is_flag=True, help="Only those whose near core was served.")
@click.option(
    "--count",
    type=click.IntRange(1, 1000),
    default=100,
    show_default=True,
    help="Most to print, newest first.",
)
@user_options
@click.pass_obj
def audit(settings: Settings, *, served_only: bool, count: int) -> None:
    """List near questions that were met, for a person to look at, each with the command that withdraws it.

    Of all namespaces, unless --namespace names one. Like is the likeness of the two by their vectors; veto is why they
    were held apart, and verdict what the model said.
    """
    with connect(settings) as client:
        found = client.audit_answers(count, served_only=served_only)
    if settings.as_json:
        print_json(message_dict(found, with_defaults=True))
    elif found.hits:
        heading = ("met", "served", "like", "veto", "verdict", "asked, and the near question", "withdrawn by")
        click.echo(table((row for hit in found.hits for row in _audited(hit)), heading=heading))
    else:
        note("No near question was met; tiering.mode and tiering.embedding say whether any is looked for")


def _audited(hit: AuditedHit) -> Iterator[tuple[str, ...]]:
    served = "yes" if hit.was_served else "no"
    met, like = time_text(hit.met_at), f"{hit.similarity:.2f}"
    yield met, served, like, hit.veto, hit.verdict, shortened(hit.question), _withdrawal(hit)
    yield "", "", "", "", "", shortened(hit.core_question), ""


def _withdrawal(hit: AuditedHit) -> str:
    if hit.alias_id:
        return f"{_PURGE} --alias {hit.alias_id}"
    return f"{_PURGE} --core {hit.core_id}" if hit.was_served else ""
