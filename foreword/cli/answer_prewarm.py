"""`foreword answer prewarm`: cores that a model writes before anybody asks."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from foreword.cli.answer_text import private_text, shortened
from foreword.cli.output import note, print_json, table, usd_text
from foreword.cli.progress import progress
from foreword.cli.settings import Settings, user_options
from foreword.errors import ForewordError

if TYPE_CHECKING:
    from foreword.llm import Model
    from tiering.prewarming import Done, Plan, Prewarming

_LOCK = "prewarming.lock"
# A file of other questions is not shown whole.
_PRIVATE_SHOWN_MAX = 20


@click.command("prewarm")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--locale", default="", metavar="TAG", help="Where a line names none; default: tiering.locale.")
@click.option(
    "--max-usd", type=click.FloatRange(0, 1_000_000), help="Most that may be spent; the rest is left out."
)
@click.option(
    "--dry-run", is_flag=True, help="Ask nothing, and say what would be asked and what it can cost."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@user_options
@click.pass_obj
def prewarm(
    settings: Settings, *, file: Path, locale: str, max_usd: float | None, dry_run: bool, yes: bool
) -> None:
    """Have a model write the cores of the questions in FILE in batches, at half price, and wait for them.

    One question a line, or `{"question": "…", "locale": "de", "tags": ["billing"]}`. Questions whose answer is not
    shared are refused with the reason; those with a fresh core are left out. Works on the cache's folder, with a
    sidecar beside it or without, which serves the cores to the first who asks. Batches take up to a day. Broken off
    and run again, it waits for what is under way, and nothing is asked twice.
    """
    if settings.address:
        raise click.UsageError("this works on the cache's files: run it where they are, without --address")
    from foreword.clock import SystemClock
    from foreword.store.lock import FileLock
    from tiering.cache import Cache
    from tiering.prewarming import Prewarming
    from tiering.wanted import read_wanted

    config = settings.config
    folder = config.answers_directory()
    wanted = read_wanted(file, settings.namespace, locale or config.tiering.locale)
    cache = Cache.open(folder, config.tiering, SystemClock())
    try:
        with FileLock(folder / _LOCK, f"the cores of {folder} are prewarmed already"):
            prewarming = Prewarming(cache, config, SystemClock())
            plan = prewarming.plan(wanted, None if max_usd is None else round(max_usd * 1e12))
            waiting = prewarming.under_way()
            if not settings.as_json:
                _say_plan(plan, waiting)
            if dry_run or not (plan.cores or waiting):
                done = None
            else:
                model = _model(settings)
                _confirm(settings, plan, yes=yes)
                done = _run(settings, prewarming, plan, model)
    finally:
        cache.close()
    if settings.as_json:
        print_json({**_plan_fields(plan), **({} if done is None else _done_fields(done))})
    elif done is not None:
        _say_done(done)


def _model(settings: Settings) -> Model:
    from foreword.llm import connect

    config = settings.config
    if config.tiering.provider == "none":
        raise ForewordError("no model writes cores", hint='set tiering.provider, such as to "anthropic"')
    model = connect(config.agent, os.environ, config.tiering.provider)
    if model is None:
        raise ForewordError(f"there is no key for {config.tiering.provider}", hint="see agent.api_key_file")
    return model


def _confirm(settings: Settings, plan: Plan, *, yes: bool) -> None:
    if yes or not plan.cores:
        return
    what = f"{len(plan.cores):,} questions for at most {_usd(plan.most_pico_usd)} USD"
    if settings.as_json or not sys.stdin.isatty():
        raise click.UsageError(f"this asks {what}; confirm with --yes, or see it with --dry-run")
    click.confirm(f"Ask {what}?", abort=True)


def _run(settings: Settings, prewarming: Prewarming, plan: Plan, model: Model) -> Done:
    async def run() -> Done:
        try:
            return await prewarming.run(
                plan, model, lambda done, total: show("Cores", done, total, "questions")
            )
        finally:
            await model.close()

    with progress(as_json=settings.as_json) as show:
        try:
            return asyncio.run(run())
        except KeyboardInterrupt:
            note("Stopped; what was sent stays at the provider: run the same command again to have its cores")
            raise


def _say_plan(plan: Plan, waiting: int) -> None:
    for wanted, reason in plan.private[:_PRIVATE_SHOWN_MAX]:
        note(f"Line {wanted.line} {private_text(reason)}: {shortened(wanted.question.text)}")
    if len(plan.private) > _PRIVATE_SHOWN_MAX:
        note(f"and {len(plan.private) - _PRIVATE_SHOWN_MAX:,} more that are not shared")
    rows = [("to ask", f"{len(plan.cores):,}"), ("at most USD", _usd(plan.most_pico_usd))]
    rows += [("not shared", f"{len(plan.private):,}")] if plan.private else []
    rows += [(name, f"{count:,}") for name, count in plan.skipped.items() if count]
    rows += [("of earlier runs under way", f"{waiting:,}")] if waiting else []
    click.echo(table(rows))


def _say_done(done: Done) -> None:
    click.echo(table([(name, f"{count:,}") for name, count in done.counts.items() if count]))
    click.echo(f"{_usd(done.pico_usd)} USD spent")


def _plan_fields(plan: Plan) -> dict[str, object]:
    private = [{"line": wanted.line, "reason": private_text(reason)} for wanted, reason in plan.private]
    return {
        "to_ask": len(plan.cores),
        "most_micro_usd": _micro_usd(plan.most_pico_usd),
        "not_shared": private,
        "left_out": _named(plan.skipped),
    }


def _done_fields(done: Done) -> dict[str, object]:
    return {"outcomes": _named(done.counts), "micro_usd": _micro_usd(done.pico_usd)}


def _named(counts: Mapping[str, int] | Counter[str]) -> dict[str, int]:
    return {name.replace(" ", "_"): count for name, count in counts.items() if count}


def _usd(pico_usd: int) -> str:
    return usd_text(_micro_usd(pico_usd))


def _micro_usd(pico_usd: int) -> int:
    from foreword.llm import micro_usd

    return micro_usd(pico_usd)
