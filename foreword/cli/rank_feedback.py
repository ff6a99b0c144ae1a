"""`foreword rank feedback`: what a user said of an action that was offered."""

from __future__ import annotations

import click

from foreword.cli.connection import connect
from foreword.cli.output import message_dict, print_json
from foreword.cli.rank_text import counted
from foreword.cli.settings import Settings, user_options

_ACCEPTED = {"accept": True, "reject": False}
_LIKED = {"like": True, "dislike": False}


@click.command("feedback")
@click.argument("decision")
@click.option("--action", default="", metavar="ID", help="Which of the offered actions; default: the first.")
@click.option("--accept", "word", flag_value="accept", help="The user took it.")
@click.option("--reject", "word", flag_value="reject", help="The user turned it down.")
@click.option("--like", "word", flag_value="like", help="The user liked it.")
@click.option("--dislike", "word", flag_value="dislike", help="The user disliked it.")
@click.option(
    "--correction",
    default="",
    metavar="TEXT",
    help="How it shall be instead: a no, which the profile takes up.",
)
@click.option("--reward", type=float, default=None, metavar="X", help="How good it turned out to be, 0 to 1.")
@user_options
@click.pass_obj
def command(
    settings: Settings, *, decision: str, action: str, word: str | None, correction: str, reward: float | None
) -> None:
    """Tell what the user said of an action of DECISION; only this user's order moves by it.

    Say one of --accept, --reject, --like, --dislike and --correction, or a --reward, or both. The same said again
    counts once.
    """
    if word and correction:
        raise click.UsageError(f"--{word} and --correction are two things; say one")
    if not word and not correction and reward is None:
        raise click.UsageError(
            "say what came of it: --accept, --reject, --like, --dislike, --correction or --reward"
        )
    if reward is not None and not 0 <= reward <= 1:
        raise click.UsageError(f"--reward: found {reward:g}; allowed: 0 to 1")
    with connect(settings) as client:
        response = client.feedback(
            decision,
            action_id=action,
            accepted=_ACCEPTED.get(word or ""),
            liked=_LIKED.get(word or ""),
            correction=correction,
            reward=reward,
        )
    if settings.as_json:
        print_json(message_dict(response, with_defaults=True))
        return
    times = f"the user has said something of an action {counted(response.observation_count, 'time')}"
    click.echo(f"Taken: {times}" if response.accepted else f"Taken before, and counted once: {times}")
