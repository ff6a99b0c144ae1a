"""The top of the command line: which commands there are, each imported when it is used."""

from __future__ import annotations

import importlib
from typing import cast

import click

from foreword import __version__
from foreword.cli.settings import user_options
from foreword.cli.termination import exit_on_sigterm

# In the order of the help.
_COMMANDS = {
    "up": "foreword.cli.up",
    "sidecar": "foreword.cli.sidecar",
    "scheduler": "foreword.cli.scheduler",
    "demo": "foreword.cli.demo.command",
    "import": "foreword.cli.imports",
    "backfill": "foreword.cli.backfill",
    "get": "foreword.cli.get",
    "text": "foreword.cli.text",
    "refresh": "foreword.cli.refresh",
    "events": "foreword.cli.events",
    "revisions": "foreword.cli.revisions",
    "diff": "foreword.cli.diff",
    "rollback": "foreword.cli.rollback",
    "watch": "foreword.cli.watch",
    "explain": "foreword.cli.explain",
    "answer": "foreword.cli.answer",
    "rank": "foreword.cli.rank",
    "status": "foreword.cli.status",
    "health": "foreword.cli.health",
    "users": "foreword.cli.users",
    "ui": "foreword.cli.ui.command",
    "cadence": "foreword.cli.cadence",
    "topics": "foreword.cli.topics",
    "ledger": "foreword.cli.ledger",
    "config": "foreword.cli.config",
    "token": "foreword.cli.token",
    "store": "foreword.cli.store",
    "dataset": "foreword.cli.dataset",
    "plan": "foreword.cli.plan",
    "export": "foreword.cli.export",
    "erase": "foreword.cli.erase",
    "evaluate": "foreword.cli.evaluate",
    "bench": "foreword.cli.bench",
    "mcp": "foreword.cli.mcp",
    "dev": "foreword.cli.dev",
}
_DAEMONS = {"up", "sidecar", "scheduler", "ui"}


class LazyGroup(click.Group):
    """A group that imports a command only when it is called or listed: `foreword text` must not wait for the rest."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command; each module calls its own `command`."""
        module = _COMMANDS.get(cmd_name)
        return None if module is None else cast(click.Command, importlib.import_module(module).command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command to run; a daemon can be ended from here on, before the imports that make up its start."""
        if args[0] in _DAEMONS:
            exit_on_sigterm()
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as exc:
            # click looks for what was meant among commands that are loaded, and here none is.
            raise click.NoSuchCommand(exc.command_name, possibilities=_COMMANDS, ctx=ctx) from exc


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="foreword")
@user_options
def root() -> None:
    """Personalization, written before the request: profiles and forewords from what users did, served locally."""
