"""The command line as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import click

from foreword.cli.root import root


def commands(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            for inner, each in commands(command, context):
                yield f"{name} {inner}", each
        else:
            yield name, command


def test_an_option_means_one_thing() -> None:
    """No command has two options of one name, of which click would take the one and drop the other in silence."""
    seen = 0
    for name, command in commands(root, click.Context(root)):
        spelled = Counter(
            text for one in command.params if isinstance(one, click.Option) for text in one.opts
        )
        assert not [text for text, count in spelled.items() if count > 1], name
        seen += 1
    assert seen > 40
