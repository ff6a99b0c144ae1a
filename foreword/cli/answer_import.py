"""`foreword answer import`: a help centre in Markdown becomes answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from foreword.cli.connection import connect
from foreword.cli.output import note, print_json
from foreword.cli.settings import Settings, user_options
from foreword.client import Foreword
from foreword.errors import FieldError, ForewordError, ServiceError

if TYPE_CHECKING:
    from tiering.markdown import Article

_SUFFIX = ".md"
_LINE = "markdown line "


@dataclass(slots=True)
class _File:
    """One article of the import; `became` is checked, put, unchanged or failed."""

    name: str
    became: str = "failed"
    question: str = ""
    core_id: str = ""
    error: str = ""
    refused_aliases: list[str] = field(default_factory=list)


@click.command("import")
@click.argument("directory", metavar="DIR", type=click.Path(exists=True, path_type=Path))
@click.option("--locale", default="", metavar="TAG", help="The language of articles that say none.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Added to each core, to purge all by.")
@click.option("--replace", is_flag=True, help="Take the place of other answers that people put.")
@click.option("--dry-run", is_flag=True, help="Put nothing, and say what is wrong; needs no sidecar.")
@user_options
@click.pass_obj
def import_(
    settings: Settings,
    *,
    directory: Path,
    locale: str,
    tags: tuple[str, ...],
    replace: bool,
    dry_run: bool,
) -> int:
    """Put each article in DIR, a file *.md at any depth, as the answer to its question.

    The heading is the question, the first paragraph the answer in short, further headings begin sections; front matter
    may say question, summary, locale, tags and aliases. What is wrong with an article is said with its line, the others
    are put, and the command ends with 1. Run again, it changes nothing that is the same.
    """
    paths = list(_articles_in(directory))
    if not paths:
        raise FieldError(
            "DIR", f"no file *{_SUFFIX} in {directory}", f"a folder with articles, as *{_SUFFIX}"
        )
    files = []
    with nullcontext() if dry_run else connect(settings) as client:
        for file, article in _read_all(paths, locale, tags):
            if client is not None and article is not None:
                _put(client, file, article, replace=replace)
            if not settings.as_json:
                _tell(settings, file)
            files.append(file)
    if settings.as_json:
        print_json([asdict(file) for file in files])
    else:
        click.echo(_summary(files))
    return int(any(file.became == "failed" for file in files))


def _articles_in(directory: Path) -> Iterator[Path]:
    if directory.is_file():
        yield directory
        return
    for path in sorted(directory.rglob(f"*{_SUFFIX}")):
        # What tools keep beside the articles is nobody's answer; a link that leads nowhere is a fault to be told.
        is_hidden = any(part.startswith(".") for part in path.relative_to(directory).parts)
        if not is_hidden and (path.is_file() or not path.exists()):
            yield path


def _read_all(
    paths: Iterable[Path], locale: str, tags: Sequence[str]
) -> Iterator[tuple[_File, Article | None]]:
    """Yield each file with its article; None where there is none, and the file says why."""
    from tiering.question import normalise

    taken: dict[tuple[str, str], str] = {}
    for path in paths:
        file, article = _File(str(path)), None
        try:
            article = _read(path, locale, tags)
            file.question, core = article.core.question, article.core
            other = taken.setdefault((core.locale, normalise(core.question, core.locale)), file.name)
            if other != file.name:
                # The second would take the place of the first, or not, by the alphabet.
                article = None
                raise FieldError("question", f"that of {other} again", "one article for each question")
            file.became = "checked"
        except (ForewordError, OSError) as exc:
            file.error = _placed(file.name, exc)
        yield file, article


def _read(path: Path, locale: str, tags: Sequence[str]) -> Article:
    from tiering.checking import check_core
    from tiering.markdown import MARKDOWN_BYTES_MAX, read_article

    with path.open("rb") as stream:
        # One byte more than there may be: what is too long is refused, and not read to its end.
        data = stream.read(MARKDOWN_BYTES_MAX + 1)
    if len(data) > MARKDOWN_BYTES_MAX:
        raise FieldError("markdown", "more", f"at most {MARKDOWN_BYTES_MAX:,} bytes of UTF-8")
    try:
        article = read_article(data.decode())
    except UnicodeDecodeError as exc:
        line = 1 + data.count(b"\n", 0, exc.start)
        raise FieldError(f"{_LINE}{line}", f"the byte 0x{data[exc.start]:02X}", "UTF-8") from exc
    core = article.core
    core.locale = core.locale or locale
    core.tags.extend(tag for tag in dict.fromkeys(tags) if tag not in core.tags)
    check_core(core)
    return article


def _put(client: Foreword, file: _File, article: Article, *, replace: bool) -> None:
    try:
        stored = client.put_core(
            article.core, locale=article.core.locale, aliases=article.aliases, replace=replace
        )
    except ServiceError as exc:
        if not exc.from_sidecar:
            raise
        hint = "replace it with --replace" if exc.reason == "CORE_EXISTS" else exc.hint
        file.became, file.error = "failed", f"{file.name}: {exc.message}" + (f" ({hint})" if hint else "")
        return
    file.became, file.core_id = "unchanged" if stored.unchanged else "put", stored.core.core_id
    file.refused_aliases.extend(stored.refused_aliases)


def _placed(name: str, exc: ForewordError | OSError) -> str:
    """Return an error as editors and people look for it: file, line, what is wrong."""
    if isinstance(exc, OSError):
        return f"{name}: {exc.strerror or exc}"
    said = str(exc)
    return f"{name}:{said.removeprefix(_LINE)}" if said.startswith(_LINE) else f"{name}: {said}"


def _tell(settings: Settings, file: _File) -> None:
    if file.error:
        note(file.error)
    elif settings.verbose:
        note(f"{file.name}: {file.became}: {file.question}")
    for reason in file.refused_aliases:
        note(f"{file.name}: an alias was left out: {reason}")


def _summary(files: Sequence[_File]) -> str:
    counts = Counter(file.became for file in files)
    became = [
        f"{counts[name]:,} {name}" for name in ("checked", "put", "unchanged", "failed") if counts[name]
    ]
    return f"{len(files):,} {'article' if len(files) == 1 else 'articles'}: {', '.join(became)}"
