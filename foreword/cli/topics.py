"""`foreword topics`: which topics mean the same."""

from __future__ import annotations

from collections.abc import Iterator

import click

from foreword.cli.connection import connect
from foreword.cli.output import message_dict, note, print_json, table
from foreword.cli.settings import Settings, user_options
from foreword.client import Foreword
from foreword.topics import topic_key
from foreword.v1.operator_service_pb2 import ListTopicsResponse, TopicEntry
from foreword.v1.topic_alias_pb2 import TopicAlias, TopicAliasSource

# What one call returns at most.
_PAGE_SIZE_MAX = 1000


@click.group("topics")
def command() -> None:
    """List the topics of a namespace, make those that mean the same one, and set them apart again."""


@command.command("list")
@click.option(
    "--all", "every", is_flag=True, help="Topics that nothing means the same as, too; else they are left out."
)
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Most topics to print.")
@click.option("--page-token", default="", metavar="TOKEN", help="Go on where an earlier call ended.")
@user_options
@click.pass_obj
def list_(settings: Settings, *, every: bool, limit: int, page_token: str) -> None:
    """List topics, the commonest first, with what counts as each and what is proposed to."""
    with connect(settings) as client:
        found = _list(client, limit, page_token, merged_or_proposed=not every)
    if settings.as_json:
        print_json(message_dict(found, with_defaults=True))
        return
    if found.topics:
        click.echo(table(_rows(found), heading=("topic", "share", "other", "is", "by", "sure")))
    else:
        note("No such topic; --all lists those that nothing means the same as")
    if found.next_page_token:
        note(f"There are more: add --page-token {found.next_page_token}")


@command.command("merge")
@click.argument("canonical")
@click.argument("topics", nargs=-1, required=True)
@user_options
@click.pass_obj
def merge(settings: Settings, canonical: str, topics: tuple[str, ...]) -> None:
    """Have TOPICS count as CANONICAL, from each user's next refresh on.

    Texts then call all of them CANONICAL. What is proposed comes into force this way, too.
    """
    with connect(settings) as client:
        response = client.merge_topics(canonical, topics)
    if settings.as_json:
        print_json(message_dict(response, with_defaults=True))
        return
    for alias in response.aliases:
        click.echo(f"{alias.topic} counts as {alias.canonical}")


@command.command("split")
@click.argument("topic")
@user_options
@click.pass_obj
def split(settings: Settings, topic: str) -> None:
    """Make TOPIC one of its own, from each user's next refresh on, which no proposal merges again."""
    with connect(settings) as client:
        response = client.split_topic(topic)
    if settings.as_json:
        print_json(message_dict(response, with_defaults=True))
    elif response.canonical:
        click.echo(f"{topic} is a topic of its own; it counted as {response.canonical}")
    else:
        click.echo(f"{topic} was a topic of its own, and stays one")


def _list(client: Foreword, limit: int, token: str, *, merged_or_proposed: bool) -> ListTopicsResponse:
    """Return up to `limit` topics from as many pages as that takes."""
    found = ListTopicsResponse(next_page_token=token)
    while len(found.topics) < limit:
        size = min(limit - len(found.topics), _PAGE_SIZE_MAX)
        page = client.topics(
            merged_or_proposed=merged_or_proposed, page_size=size, page_token=found.next_page_token
        )
        found.topics.extend(page.topics)
        found.next_page_token = page.next_page_token
        if not page.next_page_token:
            break
    return found


def _rows(found: ListTopicsResponse) -> Iterator[tuple[str, ...]]:
    for entry in found.topics:
        # The topic stands in the first of its rows alone.
        named = iter((entry.topic, f"{100 * entry.share:.2f} %"))
        for alias in entry.aliases or (TopicAlias(),):
            yield next(named, ""), next(named, ""), *_cells(entry, alias)


def _cells(entry: TopicEntry, alias: TopicAlias) -> tuple[str, str, str, str]:
    if not alias.topic:
        return "", "", "", ""
    is_direct = topic_key(alias.canonical) == topic_key(entry.topic)
    kind = "the same" if alias.is_applied else "proposed"
    source = TopicAliasSource.Name(alias.source).removeprefix("TOPIC_ALIAS_SOURCE_")
    return (
        alias.topic,
        kind if is_direct else f"{kind} as {alias.canonical}",
        source.lower().replace("_", "-"),
        f"{alias.confidence:.2f}",
    )
