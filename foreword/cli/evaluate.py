"""`foreword evaluate`: how good the product is, on real data."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from foreword.cli.output import note
from foreword.cli.progress import progress
from foreword.cli.settings import Settings, shared_options
from foreword.errors import FieldError, ForewordError

if TYPE_CHECKING:
    from evaluations.candidates import Candidate
    from evaluations.ranking import Options
    from evaluations.sources import Source
    from foreword.llm import Model


class Printed(Protocol):
    """What came of an evaluation."""

    def to_json(self) -> str:
        """Return it as one line of JSON."""

    def table(self) -> str:
        """Return it for a terminal."""


@click.group("evaluate")
@shared_options
def command() -> None:
    """Measure quality on files of real data, beside simple baselines."""


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_EVENTS = click.option(
    "--events",
    "files",
    type=_FILE,
    multiple=True,
    required=True,
    metavar="FILE",
    help="JSON lines of events, gzip by suffix; may be given several times.",
)
_MORE = click.argument("more", nargs=-1, type=_FILE, metavar="[FILE]...")
_IGNORED = click.option(
    "--ignore-topic", "ignored_topics", multiple=True, metavar="TOPIC", help="Left out on both sides."
)
_RESAMPLES = click.option(
    "--resamples", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="For the intervals."
)

_BUDGET = click.option(
    "--budget-micro-usd",
    type=click.IntRange(0),
    default=5_000_000,
    show_default=True,
    help="Nothing is asked when all of it could cost more than this, in millionths of a US dollar.",
)


@command.command("profiles")
@click.option(
    "--events",
    "files",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="JSON lines of events, gzip by suffix; may be given several times. Files of one folder are one data set.",
)
@_MORE
@click.option("--ratings", type=_FILE, metavar="FILE", help="CSV of ratings, gzip by suffix; needs --items.")
@click.option("--items", type=_FILE, metavar="FILE", help="CSV of the rated items, with their genres.")
@_IGNORED
@_RESAMPLES
@click.option("--seed", type=int, default=0, show_default=True, help="Of the resampling.")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=os.cpu_count() or 1,
    show_default="one a processor",
    help="Lives gone through at once.",
)
@click.option(
    "--ranking-weight",
    type=click.FloatRange(0, 4),
    default=0.0,
    metavar="W",
    help="Put profiles beside that take in what ranking learned, at ranking.profile_weight = W; needs feedback.",
)
@shared_options
@click.pass_obj
def profiles(
    settings: Settings,
    *,
    files: tuple[Path, ...],
    more: tuple[Path, ...],
    ratings: Path | None,
    items: Path | None,
    ignored_topics: tuple[str, ...],
    resamples: int,
    seed: int,
    processes: int,
    ranking_weight: float,
) -> None:
    """Compare each profile's first topics with what its user does in the next 7 days, at cuts on every weekday.

    Beside it: what simple baselines would have said, for each data set and for all. Intervals are of 95 %, by
    resampling users.
    """
    from evaluations.profiles import evaluate_profiles

    with progress(as_json=settings.as_json) as show:
        report = evaluate_profiles(
            _sources((*files, *more), ratings, items),
            seed=seed,
            bootstrap=resamples,
            ignored_topics=ignored_topics,
            config=settings.config,
            processes=processes,
            ranking_weight=ranking_weight,
            on_progress=lambda done, total: show("Profiles", done, total, "lives"),
        )
    click.echo(report.to_json() if settings.as_json else report.table())


@command.command("defaults")
@click.option(
    "--events",
    "files",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="JSON lines of events, gzip by suffix; may be given several times. Files of one folder are one data set.",
)
@_MORE
@click.option("--ratings", type=_FILE, metavar="FILE", help="CSV of ratings, gzip by suffix; needs --items.")
@click.option("--items", type=_FILE, metavar="FILE", help="CSV of the rated items, with their genres.")
@_IGNORED
@_RESAMPLES
@click.option("--seed", type=int, default=0, show_default=True, help="Of the resampling.")
@shared_options
@click.pass_obj
def defaults(
    settings: Settings,
    *,
    files: tuple[Path, ...],
    more: tuple[Path, ...],
    ratings: Path | None,
    items: Path | None,
    ignored_topics: tuple[str, ...],
    resamples: int,
    seed: int,
) -> None:
    """Compare what trends of a night with the first events of those whom nobody knows yet.

    Beside it: what was most frequent of all time and in the faded population, and a default that never changes. Each
    file is a namespace. Intervals are of 95 %, by resampling users.
    """
    from evaluations.defaults import evaluate_defaults

    with progress(as_json=settings.as_json) as show:
        report = evaluate_defaults(
            _sources((*files, *more), ratings, items),
            seed=seed,
            bootstrap=resamples,
            ignored_topics=ignored_topics,
            config=settings.config,
            on_progress=lambda done, total: show("Defaults", done, total, "files"),
        )
    click.echo(report.to_json() if settings.as_json else report.table())


def _sources(files: Sequence[Path], ratings: Path | None, items: Path | None) -> list[Source]:
    """Return where events come from.

    Raises:
        UsageError: From nowhere, or from ratings without items.
    """
    from evaluations.sources import EventFile, Ratings

    if (ratings is None) != (items is None):
        raise click.UsageError(
            "--ratings and --items go together: items have the genres that ratings count for."
        )
    sources: list[Source] = [EventFile(file) for file in files]
    sources += [Ratings(ratings, items)] if ratings is not None and items is not None else []
    if not sources:
        raise click.UsageError("Nothing to evaluate: give --events, or --ratings with --items.")
    return sources


@command.command("forewords")
@_EVENTS
@_MORE
@click.option(
    "--small-model", is_flag=True, help="Let SmolLM2-135M read the texts too; needs the extra small-model."
)
@click.option(
    "--small-model-users",
    type=click.IntRange(1, 100_000),
    default=100,
    show_default=True,
    help="About how many users it is asked, each once; some five seconds each.",
)
@_RESAMPLES
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Of the resampling, and of whose texts are compared.",
)
@shared_options
@click.pass_obj
def forewords(
    settings: Settings,
    *,
    files: tuple[Path, ...],
    more: tuple[Path, ...],
    small_model: bool,
    small_model_users: int,
    resamples: int,
    seed: int,
) -> None:
    """Measure what each user's text alone is worth, at weekly cuts, and hold its sentences against the raw counts.

    How well what it names within 50, 100 and 200 tokens foretells the next 7 days; how often those fit the user's own
    text better than the texts of 19 others; which sentences are contradicted or useless. Beside it: bare lists of
    topics, the last events, and another user's text.
    """
    from evaluations.forewords import evaluate_forewords
    from evaluations.small_model import SmallModel

    # Before all that takes time, so that a missing extra is told at once.
    reader = SmallModel() if small_model else None
    with progress(as_json=settings.as_json) as show:
        report = evaluate_forewords(
            [*files, *more],
            seed=seed,
            bootstrap=resamples,
            config=settings.config,
            reader=reader,
            reader_users=small_model_users,
            on_progress=show,
        )
    click.echo(report.to_json() if settings.as_json else report.table())


@command.command("beliefs")
@click.option(
    "--observations",
    "files",
    type=_FILE,
    multiple=True,
    required=True,
    metavar="FILE",
    help="JSON in LoCoMo's form, gzip by suffix; may be given several times.",
)
@_MORE
@_RESAMPLES
@click.option("--seed", type=int, default=0, show_default=True, help="Of the resampling.")
@shared_options
@click.pass_obj
def beliefs(
    settings: Settings, *, files: tuple[Path, ...], more: tuple[Path, ...], resamples: int, seed: int
) -> None:
    """Replay recorded observations as a model's operations, and measure what becomes of beliefs.

    How much of the evidence behind later questions the text covers at 50, 100 and 200 tokens, beside simple lists of
    the same phrases; what is still believed after it was contradicted, what was taken on without support, lost by the
    way, changed without news, or left after its evidence was deleted. It measures mechanics, not extraction.
    """
    from evaluations.beliefs import evaluate_beliefs

    with progress(as_json=settings.as_json) as show:
        report = evaluate_beliefs(
            [*files, *more],
            seed=seed,
            bootstrap=resamples,
            config=settings.config,
            on_progress=lambda file, done, total: show(file, done, total, "people"),
        )
    click.echo(report.to_json() if settings.as_json else report.table())


@command.command("models")
@click.option(
    "--candidates",
    "named",
    required=True,
    metavar="A,B",
    help="Each [LABEL=][PROVIDER:]MODEL[@BASE_URL], or extractive; the others are compared with the first.",
)
@_EVENTS
@_MORE
@click.option(
    "--users",
    type=click.IntRange(1, 100_000),
    default=20,
    show_default=True,
    help="How many users, drawn from those with a week to foretell.",
)
@click.option(
    "--weeks",
    type=click.IntRange(1, 520),
    default=4,
    show_default=True,
    help="How many of the last weeks of each file the candidates write profiles for.",
)
@_BUDGET
@click.option("--yes", is_flag=True, help="Send users' events to a provider elsewhere without asking first.")
@_IGNORED
@_RESAMPLES
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draw and of the resampling.")
@shared_options
@click.pass_obj
def models(
    settings: Settings,
    *,
    named: str,
    files: tuple[Path, ...],
    more: tuple[Path, ...],
    users: int,
    weeks: int,
    budget_micro_usd: int,
    yes: bool,
    ignored_topics: tuple[str, ...],
    resamples: int,
    seed: int,
) -> None:
    """Put the same users through several language models, and compare what comes out and what it costs.

    Whether answers can be used, what of them is refused and why, tokens and cost, how far profiles agree, and how well
    they foretell the next 7 days. What all of it can cost at most is said before anything is asked.
    """
    from evaluations.candidates import parse_candidates
    from evaluations.models import evaluate_models, make_plan, most_pico_usd
    from scheduler.agent.product import load_product_schema

    config = settings.config
    candidates = parse_candidates(named, config)
    connected = _connected(candidates)
    product = load_product_schema(config.agent.product)
    plan = make_plan(
        [*files, *more], users=users, weeks=weeks, seed=seed, ignored_topics=ignored_topics, config=config
    )
    note(f"{len(plan.sample)} users, {plan.refreshes} refreshes with each candidate")
    _agree_to_cost(
        {candidate.name: most_pico_usd(candidate, plan, product) for candidate in candidates},
        [candidate.name for candidate in candidates if candidate.is_remote],
        sent="what these users did",
        less="fewer --users or --weeks",
        budget_micro_usd=budget_micro_usd,
        is_agreed=yes,
    )
    with progress(as_json=settings.as_json) as show:
        report = asyncio.run(
            evaluate_models(
                connected,
                plan,
                product=product,
                seed=seed,
                bootstrap=resamples,
                ignored_topics=ignored_topics,
                on_progress=lambda label, done, total: show(label, done, total, "refreshes"),
            )
        )
    click.echo(report.to_json() if settings.as_json else report.table())


@command.command("answers")
@click.option(
    "--pairs",
    "files",
    type=_FILE,
    multiple=True,
    required=True,
    metavar="FILE",
    help="JSON lines of two questions and whether one answer serves both, gzip by suffix; may be given several times.",
)
@_MORE
@click.option(
    "--rivals",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".venv-rivals"),
    show_default=True,
    metavar="DIR",
    help="The virtual environment of GPTCache and RedisVL that `make rivals` makes; left out where it is not there.",
)
@click.option("--judge", is_flag=True, help="Let tiering.judge_model decide too, as in the mode verified.")
@_BUDGET
@click.option("--yes", is_flag=True, help="Send the questions to a provider elsewhere without asking first.")
@shared_options
@click.pass_obj
def answers(
    settings: Settings,
    *,
    files: tuple[Path, ...],
    more: tuple[Path, ...],
    rivals: Path,
    judge: bool,
    budget_micro_usd: int,
    yes: bool,
) -> None:
    """Measure which questions are served with the stored answer to another, rightly and wrongly.

    Each line has the question that is asked, the one that is stored, whether the same answer is right, and a category:
    {"asked": "…", "stored": "…", "same": true, "category": "…"}. Beside Foreword: equal normal forms alone, cosines
    alone, and GPTCache and RedisVL with their own defaults.
    """
    from evaluations.answers import evaluate_answers

    model = _judge([*files, *more], settings, budget_micro_usd=budget_micro_usd, yes=yes) if judge else None
    with progress(as_json=settings.as_json) as show:
        report = evaluate_answers(
            [*files, *more],
            config=settings.config,
            model=model,
            rivals=rivals,
            on_progress=lambda method, done, total: show(method, done, total, "pairs"),
        )
    click.echo(report.to_json() if settings.as_json else report.table())


def _judge(files: Sequence[Path], settings: Settings, *, budget_micro_usd: int, yes: bool) -> Model | None:
    """Return the model that judges; says what it can cost, and asks before anything leaves this machine."""
    from evaluations.answers import most_pico_usd
    from evaluations.candidates import Candidate

    tiering = settings.config.tiering
    if tiering.provider == "none":
        raise FieldError("tiering.provider", "none", "a provider, which --judge asks")
    update = {"provider": tiering.provider, "model": tiering.judge_model}
    agent = settings.config.agent.model_copy(update=update)
    candidate = Candidate(tiering.judge_model, settings.config.model_copy(update={"agent": agent}))
    ((_, model),) = _connected([candidate])
    _agree_to_cost(
        {candidate.name: most_pico_usd(files, settings.config, candidate.price)},
        [candidate.name] if candidate.is_remote else [],
        sent="these questions",
        less="fewer --pairs",
        budget_micro_usd=budget_micro_usd,
        is_agreed=yes,
    )
    return model


def _connected(candidates: Sequence[Candidate]) -> list[tuple[Candidate, Model | None]]:
    from foreword.llm.connect import connect

    found = [(candidate, connect(candidate.config.agent, os.environ)) for candidate in candidates]
    for candidate, model in found:
        if model is None and not candidate.is_code:
            raise FieldError(
                candidate.name,
                "no API key",
                "a key in agent.api_key_file or the environment, or the address of a server that needs none",
            )
    return found


def _agree_to_cost(
    most_pico_usd: Mapping[str, int],
    elsewhere: Sequence[str],
    *,
    sent: str,
    less: str,
    budget_micro_usd: int,
    is_agreed: bool,
) -> None:
    """Say what can be paid at most; ask before anything leaves this machine.

    Args:
        most_pico_usd: By model, what it can cost.
        elsewhere: The models that are not on this machine.
        sent: What they would be sent.
        less: What it would cost less with.
        budget_micro_usd: What it may cost.
        is_agreed: Whether somebody has agreed already.

    Raises:
        FieldError: It could cost more than the budget.
        ForewordError: Nobody agreed.
    """
    from foreword.llm.prices import micro_usd

    total_micro_usd = micro_usd(sum(most_pico_usd.values()))
    note("at most, in micro-USD:")
    for name, pico_usd in most_pico_usd.items():
        note(f"  {name}: {micro_usd(pico_usd):,}")
    if total_micro_usd > budget_micro_usd:
        raise FieldError(
            "--budget-micro-usd",
            f"{budget_micro_usd:,}",
            f"at least the {total_micro_usd:,} that all answers at their longest would cost",
            hint=f"ask about {less}, or allow more",
        )
    if not elsewhere or is_agreed:
        return
    if not sys.stdin.isatty():
        raise ForewordError(
            f"{', '.join(elsewhere)} would be sent {sent}, and is paid for", hint="agree with --yes"
        )
    click.confirm(f"Send {sent} to {', '.join(elsewhere)}?", abort=True, err=True)


@command.command("cadence")
@_EVENTS
@_MORE
@click.option(
    "--cost-share",
    "shares",
    type=click.FloatRange(0, min_open=True),
    multiple=True,
    default=(1.0, 0.5),
    show_default=True,
    help="What cadences may cost, as a share of what the segments do; may be given several times.",
)
@click.option(
    "--material-distance",
    "material",
    type=click.FloatRange(0, 1, min_open=True),
    show_default="scheduler.material_distance",
    help="Distance between two profiles from which on they are not the same.",
)
@_RESAMPLES
@click.option("--seed", type=int, default=0, show_default=True, help="Of the resampling.")
@shared_options
@click.pass_obj
def cadence(
    settings: Settings,
    *,
    files: tuple[Path, ...],
    more: tuple[Path, ...],
    shares: tuple[float, ...],
    material: float | None,
    resamples: int,
    seed: int,
) -> None:
    """Compare how often an open finds a fresh profile at equal cost: one interval, the segments, the optimal policy.

    A session's start is an open. A profile is fresh while the product's own refresh would write nothing else that
    matters. Intervals are of 95 %, by resampling users.
    """
    from evaluations.cadence import evaluate_cadence
    from evaluations.sources import EventFile

    report = evaluate_cadence(
        [EventFile(file) for file in (*files, *more)],
        config=settings.config,
        material=material,
        shares=shares,
        seed=seed,
        bootstrap=resamples,
        on_progress=lambda step: None if settings.as_json else note(f"{step} …"),
    )
    click.echo(report.to_json() if settings.as_json else report.table())


@command.command("ranking")
@click.option("--ratings", type=_FILE, metavar="FILE", help="CSV of ratings, gzip by suffix.")
@click.option("--items", type=_FILE, metavar="FILE", help="CSV of the rated items, with title and genres.")
@click.option("--decisions", type=_FILE, metavar="FILE", help="JSON lines of a coding assistant's telemetry.")
@click.option(
    "--trajectories", type=_FILE, metavar="FILE", help="JSON of an agent's conversations, as of tau-bench."
)
@click.option("--logged", type=_FILE, metavar="FILE", help="CSV of what one policy showed; needs --policy.")
@click.option("--policy", type=_FILE, metavar="FILE", help="CSV of what the policy showed that is estimated.")
@click.option(
    "--methods", default="", metavar="A;B", help="Only these, separated by semicolons, or by commas."
)
@click.option(
    "--rivals",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".venv-rivals"),
    show_default=True,
    metavar="DIR",
    help="The virtual environment of Vowpal Wabbit and River that `make rivals` makes; left out where it is not there.",
)
@_RESAMPLES
@click.option("--seed", type=int, default=0, show_default=True, help="Of all that is drawn.")
@shared_options
@click.pass_obj
def ranking(
    settings: Settings,
    *,
    ratings: Path | None,
    items: Path | None,
    decisions: Path | None,
    trajectories: Path | None,
    logged: Path | None,
    policy: Path | None,
    methods: str,
    rivals: Path,
    resamples: int,
    seed: int,
) -> None:
    """Measure how well it is foretold what users take, beside rivals, each point predicted before it is learned.

    Takes one kind of file: ratings (which are 4 or more; a bandit of ten items; each user's last item), decisions on
    suggestions of code, an agent's trajectories (the next tool), or two logs of policies. Intervals are of 95 %, by
    resampling users.
    """
    from evaluations.ranking import Options, evaluate_decisions, evaluate_ratings, evaluate_trajectories

    kinds: dict[str, tuple[Path | None, Callable[[Path, Options], Printed]]] = {
        "--ratings": (ratings, lambda file, options: evaluate_ratings(file, items, options)),
        "--decisions": (decisions, evaluate_decisions),
        "--trajectories": (trajectories, evaluate_trajectories),
        "--logged": (logged, lambda file, options: _off_policy(file, policy, options)),
    }
    given = [(file, evaluate) for file, evaluate in kinds.values() if file]
    if len(given) != 1:
        raise click.UsageError(f"Give one of {', '.join(kinds)}.")
    if (items and not ratings) or (policy is None) != (logged is None):
        raise click.UsageError("--items needs --ratings; --logged and --policy need each other.")
    ((file, evaluate),) = given
    with progress(as_json=settings.as_json) as show:
        options = Options(_listed(methods), seed, resamples, rivals, show)
        report = evaluate(file, options)
    click.echo(report.to_json() if settings.as_json else report.table())


def _off_policy(logged: Path, policy: Path | None, options: Options) -> Printed:
    from evaluations.ranking import evaluate_off_policy

    # Click has seen to it that both are given.
    assert policy is not None
    return evaluate_off_policy(
        logged,
        policy,
        seed=options.seed,
        bootstrap=options.resamples,
        on_progress=lambda step, done, total: options.on_progress(step, done, total, "resamples"),
    )


def _listed(methods: str) -> list[str]:
    """Return methods that are separated by commas, or, as some have a comma in their name, by semicolons."""
    return [name.strip() for name in methods.split(";" if ";" in methods else ",") if name.strip()]
