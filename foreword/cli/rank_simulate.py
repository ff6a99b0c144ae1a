"""`foreword rank simulate`: rollouts with simulated users, from which the global model may learn early."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, TypeAlias

import click

from foreword.cli.connection import connect_when_running
from foreword.cli.output import note, print_json, usd_text
from foreword.cli.progress import Show, progress
from foreword.cli.rank_candidates import OPTION, read_candidates
from foreword.cli.settings import Settings, user_options
from foreword.errors import FieldError, ForewordError, StoreLockedError, StoreMissingError
from foreword.synthetic import NAMESPACE, USERS_MAX

if TYPE_CHECKING:
    from foreword.importers import SidecarRecorder, StoreRecorder
    from foreword.llm import Model
    from foreword.store import ProfileWriter
    from foreword.v1.event_pb2 import Event
    from ranking.example import Action
    from ranking.personas import Persona
    from ranking.simulated_answers import Verdict
    from ranking.simulated_calls import SimulatedCalls
    from ranking.simulation import Round

    Recorder: TypeAlias = SidecarRecorder | StoreRecorder

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_PICO_USD = 10**12
# A batch of events, as importers send them.
_BATCH_EVENTS = 1000
_CALL_SECONDS_MAX = 60.0
# Of more actions at once a model judges the later ones carelessly.
_SHOWN_MAX = 20
# Of one action alone nobody chooses.
_CHOICE_MIN = 2
# What could not be used of a model's answers, before the rest is only counted.
_REFUSALS_SHOWN = 5


class Totals:
    """What a run came to.

    Attributes:
        rounds: Rounds that were judged.
        events: Events newly recorded.
        known: Events that an earlier run had recorded.
        judged: Actions judged.
        accepted: Of these, by rewards of a half or more.
    """

    def __init__(self) -> None:
        self.rounds = self.events = self.known = self.judged = self.accepted = 0

    def add(self, verdicts: Sequence[Verdict]) -> None:
        """Count a round."""
        self.rounds += 1
        self.judged += len(verdicts)
        self.accepted += sum(verdict.reward >= 0.5 for verdict in verdicts)

    @property
    def accept_rate(self) -> float | None:
        """Share of the judged actions that were taken; None when nothing was judged."""
        return self.accepted / self.judged if self.judged else None


@click.command("simulate")
@click.option(
    OPTION,
    "candidates",
    metavar="ID,…|@FILE|-",
    help="What is offered, as for `foreword rank USER`; default: what has been ranked before.",
)
@click.option(
    "--personas",
    "file",
    type=_FILE,
    metavar="FILE",
    help="JSON lines: name, likes, dislikes, expertise, depth, length, about; default: from profiles.",
)
@click.option(
    "--users", type=click.IntRange(1, USERS_MAX), default=50, show_default=True, help="Simulated users."
)
@click.option(
    "--rounds",
    "rounds_each",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Lists for each of them.",
)
@click.option(
    "--shown", type=click.IntRange(1, _SHOWN_MAX), default=5, show_default=True, help="Actions in a list."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of every draw.")
@click.option(
    "--provider",
    type=click.Choice(["numeric", "anthropic", "openai-chat"]),
    help="Who plays the users; default: agent.provider where there is a key, else numeric, a formula.",
)
@click.option(
    "--budget",
    "budget_usd",
    type=click.FloatRange(0, 1_000_000),
    default=1.0,
    show_default=True,
    metavar="USD",
    help="Most that a model may cost; the rounds that might cost more are left out.",
)
@click.option("--yes", is_flag=True, help="Ask the model without asking you first.")
@user_options
@click.pass_obj
def command(
    settings: Settings,
    *,
    candidates: str | None,
    file: Path | None,
    users: int,
    rounds_each: int,
    shown: int,
    seed: int,
    provider: str | None,
    budget_usd: float,
    yes: bool,
) -> None:
    """Offer actions to simulated users and record what they say, for the global model to learn from.

    Personas are drawn from what many users' profiles have in common: each trait by itself, by how many users have it,
    and only if at least five do, so that none is a copy of anybody. Without --candidates what has been ranked before is
    offered. A model that plays them is asked at most --budget, said before it is asked; without a key a formula does.
    Simulated users stand in a namespace of their own, have no profile, count nowhere, and never move a real user's
    parameters. Run again, nothing is asked or recorded twice.
    """
    from foreword.clock import SystemClock
    from ranking.simulation import rounds_of

    model = _model(settings, provider)
    by = "numeric" if model is None else settings.config.agent.model
    rounds = list(
        rounds_of(
            _personas(settings, file, users, seed),
            _actions(settings, candidates),
            count=rounds_each,
            shown=shown,
            seed=seed,
            by=by,
            now_ms=SystemClock().now_ms(),
        )
    )
    totals, calls = Totals(), None
    with _recorder(settings) as recorder, progress(as_json=settings.as_json) as show:
        if model is None:
            _by_numbers(rounds, recorder, totals, show)
        else:

            def record(each: Round, verdicts: list[Verdict]) -> None:
                totals.add(verdicts)
                _record(recorder, list(each.events(verdicts)), totals)

            calls = _by_model(
                settings, model, rounds, budget_usd=budget_usd, yes=yes, record=record, show=show
            )
    _say(settings, totals, by, calls)


def _model(settings: Settings, provider: str | None) -> Model | None:
    """Return who is asked; None for the formula."""
    from foreword.llm import connect

    agent = settings.config.agent
    if provider == "numeric":
        return None
    model = connect(agent, os.environ, provider)  # type: ignore[arg-type]
    if model is None and provider is not None:
        raise ForewordError(
            f"there is no key for {provider}", hint="see agent.api_key_file, or --provider numeric"
        )
    if model is None and agent.provider != "extractive":
        note("There is no key for a model: a formula plays the users")
    return model


def _personas(settings: Settings, file: Path | None, count: int, seed: int) -> list[Persona]:
    from foreword.store import ProfileReader
    from ranking.personas import read_personas, traits_of

    if file is not None:
        return read_personas(file)[:count]
    try:
        with closing(ProfileReader(settings.directory)) as profiles:
            traits = traits_of(profiles, settings.namespace)
    except StoreMissingError as exc:
        hint = "give --personas FILE"
        raise ForewordError(f"{settings.directory} has no profiles to draw personas from", hint=hint) from exc
    # Named by the seed, so that another seed makes other people rather than the same ones with other tastes.
    return [traits.draw(f"sim-{seed}-{number}", Random(f"{seed}\0{number}")) for number in range(count)]


def _actions(settings: Settings, candidates: str | None) -> list[Action]:
    from foreword.store import ActivityReader
    from ranking.requests import read_action
    from ranking.simulation import ranked_actions

    if candidates is not None:
        actions = [read_action(one, len(one.vector)) for one in read_candidates(candidates)]
    else:
        try:
            with closing(ActivityReader(settings.directory)) as activity:
                actions = ranked_actions(activity)
        except StoreMissingError:
            actions = []
    if len(actions) < _CHOICE_MIN:
        hint = (
            f"give {OPTION} with more"
            if candidates is not None
            else f"give {OPTION}; too little was ranked yet"
        )
        raise FieldError(OPTION, f"{len(actions)} actions", f"at least {_CHOICE_MIN}", hint=hint)
    return actions


@contextmanager
def _recorder(settings: Settings) -> Iterator[Recorder]:
    """Yield what records events, as importers do: the sidecar when one runs, else the store itself."""
    from foreword.importers import SidecarRecorder, StoreRecorder

    client = connect_when_running(settings, timeout_seconds=_CALL_SECONDS_MAX)
    recorder = StoreRecorder(settings.config) if client is None else SidecarRecorder(client, tell=note)
    with recorder:
        yield recorder


def _by_numbers(rounds: Sequence[Round], recorder: Recorder, totals: Totals, show: Show) -> None:
    from ranking.simulated_answers import NumericUser
    from ranking.simulation import by_numbers

    batch: list[Event] = []
    for done, (each, verdicts) in enumerate(by_numbers(rounds, NumericUser()), 1):
        totals.add(verdicts)
        batch += each.events(verdicts)
        if len(batch) >= _BATCH_EVENTS or done == len(rounds):
            _record(recorder, batch, totals)
            batch = []
            show("Rollouts", done, len(rounds), "rounds")


def _by_model(
    settings: Settings,
    model: Model,
    rounds: Sequence[Round],
    *,
    budget_usd: float,
    yes: bool,
    record: Callable[[Round, list[Verdict]], object],
    show: Show,
) -> SimulatedCalls | None:
    """Ask a model about the rounds that no earlier run has recorded; None when there is none."""
    from foreword.clock import SystemClock
    from foreword.store import ActivityReader, ProfileReader
    from ranking.simulated_calls import SimulatedCalls, left_today_pico_usd, most_pico_usd
    from ranking.simulation import without_recorded

    config, clock = settings.config, SystemClock()
    with closing(ActivityReader(settings.directory)) as activity:
        waiting = without_recorded(rounds, activity)
    if not waiting:
        return None
    writer = _ledger(settings)
    try:
        with closing(ProfileReader(settings.directory)) as profiles:
            left = left_today_pico_usd(profiles, config, clock.now_ms())
        budget = min(round(budget_usd * _PICO_USD), _PICO_USD * 1_000_000 if left is None else left)
        price = config.agent.prices[config.agent.model]
        most = sum(most_pico_usd(each.question(config.agent.model), price) for each in waiting)
        _confirm(settings, len(waiting), min(most, budget), yes=yes)
        calls = SimulatedCalls(model, writer, config, budget_pico_usd=budget, clock=clock, random=Random())
        asyncio.run(_run(calls, model, waiting, record, show))
    finally:
        writer.close()
    return calls


async def _run(
    calls: SimulatedCalls,
    model: Model,
    rounds: Sequence[Round],
    record: Callable[[Round, list[Verdict]], object],
    show: Show,
) -> None:
    try:
        await calls.run(rounds, record, lambda done: show("Rollouts", done, len(rounds), "rounds"))
    finally:
        await model.close()


def _ledger(settings: Settings) -> ProfileWriter:
    """Return the writer of the file that the ledger of calls is in; one process has it."""
    from foreword.store import ProfileWriter

    store = settings.config.store
    try:
        return ProfileWriter(
            store.directory,
            map_size_bytes=store.profiles_map_size_bytes,
            readers_max=store.readers_max,
            revisions_max=store.revisions_max,
            ledger_entries_max=store.ledger_entries_max,
            changes_max=store.changes_max,
        )
    except StoreLockedError as exc:
        raise ForewordError(
            "what a model costs goes into the ledger, which the scheduler has open",
            hint="stop the scheduler meanwhile; the sidecar may run on; or take --provider numeric",
        ) from exc


def _confirm(settings: Settings, count: int, most_pico_usd: int, *, yes: bool) -> None:
    from foreword.llm import micro_usd

    what = f"{count:,} questions for at most {usd_text(micro_usd(most_pico_usd))} USD"
    if yes:
        if not settings.as_json:
            note(f"Asking {what}")
        return
    if settings.as_json or not sys.stdin.isatty():
        raise click.UsageError(f"this asks {what}; confirm with --yes")
    click.confirm(f"Ask {what}?", abort=True)


def _record(recorder: Recorder, events: Sequence[Event], totals: Totals) -> None:
    # One round more than a batch at most, and a call takes a thousand.
    for start in range(0, len(events), _BATCH_EVENTS):
        response = recorder.record(events[start : start + _BATCH_EVENTS])
        totals.events += response.accepted_count
        totals.known += response.duplicate_count
        for refused in response.refused[:1]:
            raise ForewordError(f"an event was refused: {refused.field}: {refused.message}")


def _say(settings: Settings, totals: Totals, by: str, calls: SimulatedCalls | None) -> None:
    from foreword.llm import micro_usd

    spent = micro_usd(calls.spent_pico_usd) if calls is not None else 0
    refusals = calls.refusals if calls is not None else []
    if settings.as_json:
        fields = {
            "by": by,
            "namespace": NAMESPACE,
            "rounds": totals.rounds,
            "events": totals.events,
            "known": totals.known,
            "accept_rate": totals.accept_rate,
            "calls": calls.call_count if calls is not None else 0,
            "micro_usd": spent,
            "refusals": refusals,
            "is_out_of_budget": calls is not None and calls.is_out_of_budget,
        }
        print_json(fields)
        return
    rate = "" if totals.accept_rate is None else f", {totals.accept_rate:.0%} of the actions taken"
    click.echo(f"{totals.rounds:,} rounds judged by {by}{rate}")
    click.echo(f"{totals.events:,} events recorded, {totals.known:,} known already")
    if calls is not None:
        click.echo(f"{calls.call_count:,} calls, {usd_text(spent)} USD")
        if calls.is_out_of_budget:
            note("The budget ended before the rounds did; run it again with another to go on")
    for refusal in refusals[:_REFUSALS_SHOWN]:
        note(f"Not used: {refusal}")
    if len(refusals) > _REFUSALS_SHOWN:
        note(f"and {len(refusals) - _REFUSALS_SHOWN:,} more")
