"""`foreword import`: events from files, tables and git repositories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from foreword.cli.connection import connect_when_running
from foreword.cli.entry import EXIT_INTERRUPTED
from foreword.cli.output import note, print_json
from foreword.cli.progress import progress
from foreword.cli.settings import Settings, user_options
from foreword.clock import parse_time_ms
from foreword.errors import FieldError
from foreword.naming.messages import quoted

if TYPE_CHECKING:
    from foreword.importers import ImportReport, SidecarRecorder, Source, StoreRecorder

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

# A batch of 1,000 large events on a slow disk.
_CALL_SECONDS_MAX = 60.0

# As foreword.importers.Form has them, which would be imported for every other command, too.
_FORMS = ("openai", "anthropic", "tau-bench", "telemetry")

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FILE_OR_STDIN = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


@click.group("import")
@user_options
def command() -> None:
    """Record events from files and git repositories.

    Through the sidecar when one runs, else straight into the store. Broken off and run again, an import goes on
    where it stopped; an event counts once however often it is sent. Refused lines are written aside with the
    reason.
    """


def _import_options(decorated: Decorated) -> Decorated:
    again = click.option(
        "--from-start", is_flag=True, help="Read all again instead of going on where it stopped."
    )
    later = click.option(
        "--for-backfill",
        is_flag=True,
        help="Start no refreshes: `foreword backfill` writes the profiles, newest-active users first.",
    )
    return again(later(user_options(decorated)))


def _strict_option(decorated: Decorated) -> Decorated:
    return click.option(
        "--strict", is_flag=True, help="Refuse what no event has a field for, instead of counting it."
    )(decorated)


@command.command("events")
@click.argument("files", nargs=-1, required=True, type=_FILE_OR_STDIN, metavar="FILE...")
@_strict_option
@_import_options
@click.pass_obj
def events(
    settings: Settings, *, files: tuple[Path, ...], strict: bool, for_backfill: bool, from_start: bool
) -> int:
    """Record the events in FILEs: JSON lines, one event a line in proto3 JSON, gzip by suffix; - is stdin.

    `{"event_id": "1", "user_id": "ada", "time": "2026-11-20T08:30:00Z", "type": "read", "topics": ["tests"]}`

    A time may be seconds or milliseconds since 1970, a dwell a number of seconds. Fields that no event has are left
    out and counted.
    """
    from foreword.importers import JsonLines

    sources = [JsonLines(file, strict=strict) for file in files]
    return _import(settings, sources, for_backfill=for_backfill, from_start=from_start)


@command.command("csv")
@click.argument("file", type=_FILE_OR_STDIN)
@click.option(
    "--map",
    "rules",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Take an event's FIELD from COLUMN, or FIELD==VALUE for all rows; attributes.NAME is a field too.",
)
@click.option(
    "--items", type=_FILE, metavar="FILE", help="A second table about the items; its columns can be mapped."
)
@click.option("--items-key", metavar="COLUMN", help="The column both tables share; default: found by name.")
@click.option(
    "--separator", default="|", show_default=True, help="Between the values of a list, such as topics."
)
@click.option("--like-at", type=float, metavar="VALUE", help="A value from here on is a like.")
@click.option("--dislike-at", type=float, metavar="VALUE", help="A value up to here is a dislike.")
@click.option(
    "--nothing", multiple=True, metavar="TEXT", help="What this table writes where nothing is known."
)
@click.option(
    "--delimiter", metavar="CHARACTER", help="Between cells; default: tab, comma, semicolon or bar, as found."
)
@_strict_option
@_import_options
@click.pass_obj
def csv(
    settings: Settings,
    *,
    file: Path,
    rules: tuple[str, ...],
    items: Path | None,
    items_key: str | None,
    separator: str,
    like_at: float | None,
    dislike_at: float | None,
    nothing: tuple[str, ...],
    delimiter: str | None,
    strict: bool,
    for_backfill: bool,
    from_start: bool,
) -> int:
    """Record each row of the table FILE (with a header, gzip by suffix; - is stdin) as an event.

    A column named like a field of Event needs no --map; other columns are left out and counted. MovieLens, for
    example:

    \b
    foreword import csv ratings.csv --items movies.csv --map type==rate --map user_id=userId
      --map item_id=title --map topics=genres --map value=rating --map time=timestamp --like-at 4 --dislike-at 2
      --map attributes.domain==film --nothing "(no genres listed)"
    """
    from foreword.importers import CsvRows, parse_delimiter, parse_mapping

    source = CsvRows(
        file,
        parse_mapping(rules),
        items=items,
        items_key=items_key,
        separator=separator,
        like_at=like_at,
        dislike_at=dislike_at,
        nothing=nothing,
        delimiter=parse_delimiter(delimiter) if delimiter is not None else None,
        strict=strict,
    )
    return _import(settings, [source], for_backfill=for_backfill, from_start=from_start)


@command.command("git")
@click.argument("repository", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="PATH")
@click.option("--plain-authors", is_flag=True, help="Use mail addresses as user ids; default: pseudonyms.")
@_import_options
@click.pass_obj
def git(
    settings: Settings, *, repository: Path, plain_authors: bool, for_backfill: bool, from_start: bool
) -> int:
    """Record the commits of the repository at PATH as events of their authors; topics are the areas they touch.

    Authors are pseudonymised with a secret kept beside the store. A later import takes only newer commits.
    """
    from foreword.importers import GitHistory, Pseudonyms

    user_id_of = str.lower if plain_authors else Pseudonyms.kept_in(settings.directory).of
    source = GitHistory(repository, user_id_of, namespace=settings.namespace)
    return _import(settings, [source], for_backfill=for_backfill, from_start=from_start)


@command.command("trajectories")
@click.argument("files", nargs=-1, required=True, type=_FILE_OR_STDIN, metavar="FILE...")
@click.option(
    "--form",
    type=click.Choice(_FORMS),
    help="How records are written; default: told of each by what it has.",
)
@click.option("--user", metavar="USER", help="Whose the records are that name no user.")
@click.option("--user-field", metavar="PATH", help="Where a record names its user, such as customer.key.")
@click.option("--time-field", metavar="PATH", help="Where a record says when it was, such as logged.at.")
@click.option(
    "--start",
    metavar="TIME",
    help="When messages without a time began, one second apart; default: the day before the file was last changed.",
)
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="NAME=VALUE",
    help="What is so of all records that do not say otherwise, such as domain=airline.",
)
@_import_options
@click.pass_obj
def trajectories(
    settings: Settings,
    *,
    files: tuple[Path, ...],
    form: str | None,
    user: str | None,
    user_field: str | None,
    time_field: str | None,
    start: str | None,
    attributes: tuple[str, ...],
    for_backfill: bool,
    from_start: bool,
) -> int:
    """Record what was said and done in logs of agents and assistants, gzip by suffix; - is stdin.

    FILEs hold lines of JSON, an array, or one record: conversations as OpenAI and Anthropic write them, runs of
    tau-bench, or telemetry of suggestions shown, accepted and rejected. A user's turns become events of the type
    agent.request, or agent.follow_up where they correct an answer; calls of tools agent.tool_call, with what came of
    them; how a run ended agent.outcome; and suggestions agent.suggestion.

    Broken off and run again, it reads its files from their start; what is recorded counts once.
    """
    from foreword.importers import Form, Trajectories, TrajectoryOptions

    options = TrajectoryOptions(
        form=Form(form) if form is not None else None,
        user=user or "",
        user_field=user_field or "",
        time_field=time_field or "",
        start_ms=parse_time_ms(start, "--start") if start is not None else None,
        attributes=tuple(_attribute(text) for text in attributes),
    )
    sources = [Trajectories(file, options) for file in files]
    return _import(settings, sources, for_backfill=for_backfill, from_start=from_start)


def _attribute(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not (name and mark and value):
        raise FieldError("--attribute", quoted(text), "NAME=VALUE, such as domain=airline")
    return name, value


def _import(settings: Settings, sources: Sequence[Source], *, for_backfill: bool, from_start: bool) -> int:
    """Import sources one after the other; return 1 when most rows of one were refused."""
    from foreword.importers import import_source

    reports: list[tuple[Source, ImportReport]] = []
    with (
        _recorder(settings, for_backfill=for_backfill) as recorder,
        progress(as_json=settings.as_json) as show,
    ):
        for source in sources:
            try:
                report = import_source(
                    source, recorder.record, settings.directory, on_progress=show, from_start=from_start
                )
            except KeyboardInterrupt as exc:
                note("Stopped; run the same command again to go on from here")
                raise click.exceptions.Exit(EXIT_INTERRUPTED) from exc
            reports.append((source, report))
    if settings.as_json:
        print_json([_fields(source, report) for source, report in reports])
    else:
        click.echo("\n".join(_sentence(source, report) for source, report in reports))
    if for_backfill:
        note("No refresh was started; `foreword backfill` writes the profiles")
    return 1 if any(report.is_mostly_refused for _, report in reports) else 0


def _recorder(settings: Settings, *, for_backfill: bool) -> SidecarRecorder | StoreRecorder:
    """Return what records events: the sidecar when one runs, else the store itself."""
    from foreword.importers import SidecarRecorder, StoreRecorder

    client = connect_when_running(settings, timeout_seconds=_CALL_SECONDS_MAX)
    if client is not None:
        return SidecarRecorder(client, for_backfill=for_backfill, tell=note)
    return StoreRecorder(settings.config, namespace=settings.namespace, for_backfill=for_backfill)


def _sentence(source: Source, report: ImportReport) -> str:
    resumed = ", going on where the last import stopped" if report.is_resumed else ""
    counts = f"{report.accepted:,} recorded, {report.duplicates:,} known already, {report.refused:,} refused"
    aside = f"\n  refused lines with reasons: {report.refused_file}" if report.refused_file else ""
    names = ", ".join(_ignored(name, rows) for name, rows in report.ignored.items())
    ignored = f"\n  ignored, no field of an event: {names}" if names else ""
    mostly = ", which are most of them" if report.is_mostly_refused else ""
    untimed = (
        f"\n  without a time, so taken as of now: {report.without_time:,}" if report.without_time else ""
    )
    notes = "".join(f"\n  {note}" for note in _notes(source))
    return f"{source.name}: {counts}{mostly}{resumed}{notes}{untimed}{ignored}{aside}"


def _notes(source: Source) -> list[str]:
    """Return in sentences what a log of trajectories held; nothing for other sources."""
    from foreword.importers import Trajectories

    return source.notes() if isinstance(source, Trajectories) else []


def _ignored(name: str, rows: int) -> str:
    """Return a name that no event has, in how many rows it stood, and what may have been meant."""
    import difflib

    from foreword.importers import FIELDS

    near = difflib.get_close_matches(name, FIELDS, n=1, cutoff=0.8)
    return f"{quoted(name)} in {rows:,} {'row' if rows == 1 else 'rows'}" + (
        f" (meant: {near[0]}?)" if near else ""
    )


def _fields(source: Source, report: ImportReport) -> dict[str, object]:
    refused_file = str(report.refused_file) if report.refused_file else None
    fields = {"source": source.name, **asdict(report), "refused_file": refused_file}
    kinds = getattr(source, "kinds", None)
    return fields if kinds is None else {**fields, "kinds": dict(kinds), "notes": _notes(source)}
