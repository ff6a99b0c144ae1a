"""`foreword evaluate`: how good the product is, on real data."""

from __future__ import annotations

from pathlib import Path

import click

from foreword.cli.progress import progress
from foreword.cli.settings import Settings, shared_options


@click.group("evaluate")
@shared_options
def command() -> None:
    """Measure quality on files of real data, beside simple baselines."""


@command.command("profiles")
@click.option(
    "--events",
    "files",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    required=True,
    metavar="FILE",
    help="JSON lines of events, gzip by suffix; may be given several times.",
)
@click.argument(
    "more", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="[FILE]..."
)
@click.option(
    "--ignore-topic", "ignored_topics", multiple=True, metavar="TOPIC", help="Left out on both sides."
)
@click.option(
    "--resamples", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="For the intervals."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the resampling.")
@shared_options
@click.pass_obj
def profiles(
    settings: Settings,
    *,
    files: tuple[Path, ...],
    more: tuple[Path, ...],
    ignored_topics: tuple[str, ...],
    resamples: int,
    seed: int,
) -> None:
    """Compare each profile's top 3 topics with what its user does in the next 7 days, at weekly cuts.

    Beside it: what simple baselines would have said. Intervals are of 95 %, by resampling users.
    """
    from evaluations.profiles import evaluate_profiles

    with progress(as_json=settings.as_json) as show:
        report = evaluate_profiles(
            [*files, *more],
            seed=seed,
            bootstrap=resamples,
            ignored_topics=ignored_topics,
            config=settings.config,
            on_progress=lambda file, done, total: show(file, done, total, "weeks"),
        )
    click.echo(report.to_json() if settings.as_json else report.table())
