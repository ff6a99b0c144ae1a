"""`foreword rank`: which action for which user, and what is known of how that is decided."""

from __future__ import annotations

from collections.abc import Sequence

import click

from foreword.cli.connection import connect
from foreword.cli.output import note, print_json, table
from foreword.cli.rank_candidates import OPTION, read_candidates
from foreword.cli.rank_evaluate import command as evaluate
from foreword.cli.rank_explain import command as explain
from foreword.cli.rank_feedback import command as feedback
from foreword.cli.rank_models import models, rollback, train
from foreword.cli.rank_simulate import command as simulate
from foreword.cli.rank_text import counted
from foreword.cli.settings import Settings, user_options
from foreword.client import Ranking
from foreword.errors import FieldError
from foreword.v1.ranking_pb2 import Candidate


class RankGroup(click.Group):
    """A group whose first argument is a user, unless it is one of its commands: `foreword rank ann` ranks for ann.

    A user called as a command is named with `--user`, or after `--`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the options that all commands share; what else stands before the first argument is the user's call."""
        ctx.meta[__name__] = list(args)
        # An option of the user's call must not be refused here.
        ctx.ignore_unknown_options = True
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command to run, which for a user is the one that ranks."""
        before = ctx.meta[__name__][: -len(args)]
        if args[0] in self.commands and before[-1:] != ["--"]:
            return super().resolve_command(ctx, args)
        return "USER", order, args


@click.group("rank", cls=RankGroup, subcommand_metavar="USER --candidates … | COMMAND …")
@user_options
def command() -> None:
    """Order actions for USER, and look after how that is learned.

    `foreword rank USER --candidates concise,verbose` prints the order; `foreword rank USER --help` lists its options. A
    user called as one of the commands below is named with --user, or after `--`.
    """


@click.command("USER")
@click.argument("user", required=False)
@click.option("--user", "named", metavar="USER", help="The user, also one called as a command.")
@click.option(
    OPTION,
    "candidates",
    required=True,
    metavar="ID,…|@FILE|-",
    help="Ids; or a file or stdin with one candidate a line in JSON: id, topics, attributes, text, irreversible.",
)
@click.option("--context", "facts", multiple=True, metavar="KEY=VALUE", help="A fact of the moment.")
@click.option("--text", default="", metavar="TEXT", help="What was asked.")
@click.option("--session", default="", metavar="ID", help="The session it belongs to.")
@click.option(
    "--no-explore", is_flag=True, help="Leave nothing to chance; else the order may be varied to learn from."
)
@click.option("--limit", type=click.IntRange(1, 500), default=None, help="How many to print; default: all.")
@user_options
@click.pass_obj
def order(
    settings: Settings,
    *,
    user: str | None,
    named: str | None,
    candidates: str,
    facts: tuple[str, ...],
    text: str,
    session: str,
    no_explore: bool,
    limit: int | None,
) -> None:
    """Print the candidates in the order in which they suit USER now.

    Score is the probability of a yes that is expected, propensity that with which the action came to its place. The
    order is logged, so that feedback can name it.
    """
    if (user is None) == (named is None):
        raise click.UsageError("name the user once: as the first argument, or with --user")
    offered = read_candidates(candidates)
    context = _context(facts)
    with connect(settings) as client:
        ranking = client.rank(
            user or named or "",
            offered,
            context=context,
            text=text,
            session_id=session,
            explore=not no_explore,
            limit=limit or 0,
        )
    if settings.as_json:
        print_json(_json(ranking))
        return
    click.echo(table(_rows(ranking), heading=("place", "action", "score", "propensity")))
    for line in _said(ranking, offered):
        note(line)


command.add_command(feedback)
command.add_command(explain)
command.add_command(simulate)
command.add_command(models)
command.add_command(evaluate)
command.add_command(train)
command.add_command(rollback)


def _context(facts: Sequence[str]) -> dict[str, str]:
    context: dict[str, str] = {}
    for fact in facts:
        key, sign, value = fact.partition("=")
        if not (key and sign):
            raise FieldError("--context", repr(fact), "KEY=VALUE, such as domain=python")
        if key in context:
            raise FieldError("--context", f"{key} twice", "each key once")
        context[key] = value
    return context


def _rows(ranking: Ranking[Candidate]) -> list[tuple[int, str, str, str]]:
    return [
        (
            place,
            one.action_id,
            f"{ranking.scores[one.action_id]:.3f}",
            f"{ranking.propensities[one.action_id]:.3f}",
        )
        for place, one in enumerate(ranking, 1)
    ]


def _said(ranking: Ranking[Candidate], offered: Sequence[Candidate]) -> list[str]:
    count = ranking.observation_count
    knows = f"from {counted(count, 'thing')} the user said" if count else "as for anybody"
    drawn = ", drawn with no regard to the scores" if ranking.is_uniform else ""
    lines = [f"Ranked {knows}, by the global model {ranking.model_version}{drawn}"]
    if ranking.unknown:
        lines.append(
            f"Never met before: {len(ranking.unknown):,} of {len(offered):,} candidates, scored by their content"
        )
    if ranking.decision_id:
        lines.append(
            f"What came of the first: foreword rank feedback {ranking.decision_id} --accept (or --reject, …)"
        )
        lines.append(f"Why: foreword rank explain {ranking.decision_id}")
    else:
        lines.append("The order could not be logged, so there can be no feedback on it")
    return lines


def _json(ranking: Ranking[Candidate]) -> dict[str, object]:
    return {
        "decision_id": ranking.decision_id,
        "order": [
            {
                "place": place,
                "action_id": one.action_id,
                "score": ranking.scores[one.action_id],
                "propensity": ranking.propensities[one.action_id],
            }
            for place, one in enumerate(ranking, 1)
        ],
        "model_version": ranking.model_version,
        "is_uniform": ranking.is_uniform,
        "observation_count": ranking.observation_count,
        "unknown": ranking.unknown,
    }
