"""`foreword rank explain`: why an order was what it was."""

from __future__ import annotations

from collections.abc import Iterator

import click

from foreword.cli.connection import connect
from foreword.cli.output import message_dict, note, print_json, table
from foreword.cli.rank_text import counted
from foreword.cli.settings import Settings, user_options
from foreword.cli.status import time_text
from foreword.naming import escaped
from foreword.v1.ranking_pb2 import RankingDecision, ScoreExplanation
from foreword.v1.ranking_service_pb2 import ExplainRankingResponse

# What moves a score by less is beyond what a reader follows; --verbose has all.
_PARTS_MAX = 8


@click.command("explain")
@click.argument("decision")
@click.option(
    "--limit",
    type=click.IntRange(1, 20),
    default=3,
    show_default=True,
    help="How many of the offered actions, from the top.",
)
@user_options
@click.pass_obj
def command(settings: Settings, decision: str, limit: int) -> None:
    """Print which features moved the scores of DECISION's first actions, and what was left to chance.

    DECISION is what `foreword rank` says, and `decision_id` of a ranking. An effect is what a feature adds to the score
    before that becomes a probability: for everybody, or for this user alone. The greatest are shown, with --verbose
    all.
    """
    with connect(settings) as client:
        found = client.explain_ranking(decision, limit)
    if settings.as_json:
        print_json(message_dict(found, with_defaults=True))
        return
    click.echo("\n".join(_lines(found, parts_max=None if settings.verbose else _PARTS_MAX)))
    if found.absent:
        note(f"Why is not known any more: {found.absent}")


def _lines(found: ExplainRankingResponse, parts_max: int | None) -> Iterator[str]:
    decision = found.decision
    yield f"Offered to {escaped(decision.user_id)} {time_text(decision.time)}: {known_text(decision)}"
    yield chance_text(decision)
    for place, one in enumerate(found.explanations):
        yield ""
        yield from _of_action(decision, place, one, parts_max)


def known_text(decision: RankingDecision) -> str:
    """Return what a decision was made of."""
    count = decision.observation_count
    knew = f"{counted(count, 'thing')} the user had said" if count else "nothing the user had said"
    offered = f"{len(decision.offered):,} of {decision.candidate_count:,} candidates"
    return f"{offered}, by the global model {decision.model_version} and {knew}"


def chance_text(decision: RankingDecision) -> str:
    """Return what part of an order was exploration."""
    if decision.is_uniform:
        return "Exploration: all of it; the order was drawn with no regard to the scores"
    drawn = sum(chance < 1 for chance in decision.propensities)
    if not drawn:
        return "Exploration: none; the order is that of the scores"
    by_score = sorted(decision.scores, reverse=True)
    as_it_is = sum(here == there for here, there in zip(decision.scores, by_score, strict=True))
    moved = len(by_score) - as_it_is
    return f"Exploration: {drawn:,} places were drawn from what is not certain of the user; " + (
        f"{moved:,} of the actions stand elsewhere than by their scores"
        if moved
        else "they fell as the scores have it"
    )


def _of_action(
    decision: RankingDecision, place: int, one: ScoreExplanation, parts_max: int | None
) -> Iterator[str]:
    by_score = 1 + sum(score > decision.scores[place] for score in decision.scores)
    chance = decision.propensities[place]
    head = f"{place + 1}. {escaped(one.action_id)}"
    yield click.style(head, bold=True) + (
        f": score {one.score:.3f}, by which it is number {by_score}; came to this place with probability {chance:.3f}"
    )
    parts = one.parts[:parts_max]
    if not parts:
        yield "   nothing moved its score"
        return
    rows = [
        (part.feature, f"{part.effect:+.3f}", "this user" if part.is_personal else "everybody")
        for part in parts
    ]
    yield table(rows, heading=("feature", "effect", "of"), indent="   ")
    if len(one.parts) > len(parts):
        yield f"   and {len(one.parts) - len(parts):,} more; --verbose shows all"
