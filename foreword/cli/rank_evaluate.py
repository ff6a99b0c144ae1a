"""`foreword rank evaluate`: what other ways to rank would have earned, from the log of this one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from foreword.cli.output import note, print_json, table
from foreword.cli.progress import progress
from foreword.cli.rank_models import models_folder, needed
from foreword.cli.settings import Settings, shared_options
from foreword.errors import FieldError, StoreMissingError

if TYPE_CHECKING:
    from ranking.model import GlobalModel
    from ranking.off_policy import Estimated, Interval
    from ranking.policies import Judged

_HEADING = ("policy", "doubly robust", "snips", "ips", "clipped", "mean weight", "effective")
_METHODS = ("dr", "snips", "ips", "clipped")


@click.command("evaluate")
@click.option(
    "--model",
    "versions",
    type=click.IntRange(min=0),
    multiple=True,
    metavar="NUMBER",
    help="Judge a global model, too, by decisions made since it was trained; may be given again.",
)
@click.option(
    "--silence-is-no", is_flag=True, help="Count a decision that nobody answered as 0; else it is left out."
)
@click.option(
    "--decisions",
    "decisions_max",
    type=click.IntRange(1, 10_000_000),
    default=None,
    help="Judge by so many, the newest, about 2.5 KB of memory each; default: 200,000.",
)
@click.option(
    "--bootstrap",
    "resamples",
    type=click.IntRange(20, 100_000),
    default=1000,
    show_default=True,
    help="Resamples.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the resamples.")
@shared_options
@click.pass_obj
def command(
    settings: Settings,
    *,
    versions: Sequence[int],
    silence_is_no: bool,
    decisions_max: int | None,
    resamples: int,
    seed: int,
) -> None:
    """Estimate what other ways to rank would have earned, from the decisions that are logged and their feedback.

    Of each decision the action at the first place counts, and the last that was said of it. Beside what was earned as
    served: the highest score without chance, an even chance, what was most popular until then, and the models asked
    about. Intervals are of 95 %, by resampling users. Where too little tells, there is no verdict.
    """
    with needed("what evaluates ranking"):
        from ranking.block import Forgetting
        from ranking.decided import DECISIONS_MAX
        from ranking.off_policy import Limits
        from ranking.policies import judge
        from ranking.ranker import Ranker
    from foreword.store import ActivityReader

    rules = Ranker(forgetting=Forgetting(half_life_days=settings.config.ranking.half_life_days))
    models = [_model(settings, version) for version in dict.fromkeys(versions)]
    with closing(ActivityReader(settings.directory)) as reader, progress(as_json=settings.as_json) as show:
        found = judge(
            reader,
            models,
            rules,
            seed=seed,
            limits=Limits(resamples=resamples),
            is_silence_no=silence_is_no,
            decisions_max=decisions_max or DECISIONS_MAX,
            on_progress=lambda step, done, total: show(step, done, total, ""),
        )
    if settings.as_json:
        print_json(_json(found))
        return
    click.echo(table([_row(name, one) for name, one in found.policies.items()], heading=_HEADING))
    click.echo()
    click.echo("\n".join(_verdicts(found)))
    for line in _notes(found):
        note(line)


def _model(settings: Settings, version: int) -> GlobalModel:
    try:
        return models_folder(settings).load(version)
    except StoreMissingError as exc:
        allowed = "one that `foreword rank models` lists as serving, kept or rolled back; or 0"
        raise FieldError("--model", str(version), allowed) from exc


def _row(name: str, one: Estimated) -> list[str]:
    figures = [*(one.values[method] for method in _METHODS), one.weight]
    return [name, *map(_text, figures), f"{one.effective:,.0f}"]


def _verdicts(found: Judged) -> Iterator[str]:
    """Yield how each policy compares with the one that was served."""
    first, *others = found.policies
    for name in others:
        yield f"{name}, compared with {first}: {found.policies[name].verdict}"


def _notes(found: Judged) -> Iterator[str]:
    from ranking.policies import reasons

    users = next(iter(found.policies.values())).users
    yield f"Judged by {found.judged:,} of {found.logged:,} decisions in the log, for {users:,} users"
    for reason in reasons(found.left_out):
        yield f"Left out: {reason}"
    for name, one in found.policies.items():
        if not one.weight.low <= 1 <= one.weight.high:
            yield (
                f"{name}: weights average {_text(one.weight)}, not 1; how often users answer may depend on what "
                "they are shown (see --silence-is-no)"
            )


def _text(values: Interval) -> str:
    return "unknown" if math.isnan(values.value) else "{:.4f} ({:.4f} to {:.4f})".format(*values)


def _json(found: Judged) -> dict[str, object]:
    return {
        "decisions": found.logged,
        "judged": found.judged,
        "left_out": asdict(found.left_out),
        "policies": {name: _fields(one) for name, one in found.policies.items()},
    }


def _fields(one: Estimated) -> dict[str, Any]:
    # JSON has no word for what is no number.
    def interval(values: Interval) -> dict[str, float | None]:
        return {key: None if math.isnan(each) else each for key, each in values._asdict().items()}

    return {
        "values": {method: interval(each) for method, each in one.values.items()},
        "differences": {method: interval(each) for method, each in one.differences.items()},
        "weight": interval(one.weight),
        "effective_sample_size": one.effective,
        "effective_users": one.effective_users,
        "users": one.users,
        "floored": one.floored,
        "clipped": one.clipped,
        "clip": one.clip,
        "verdict": str(one.verdict),
    }
