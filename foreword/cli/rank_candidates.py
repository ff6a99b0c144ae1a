"""What `foreword rank` is to choose from: ids on the command line, or a file with one candidate a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

from foreword.client.candidates import make_candidate
from foreword.errors import FieldError
from foreword.naming import quoted
from foreword.v1.ranking_pb2 import Candidate

OPTION = "--candidates"
# As many as one call takes.
_CANDIDATES_MAX = 500
# A candidate at all its limits, every character escaped, takes about 150 kB.
_LINE_BYTES_MAX = 1 << 20
_LINE = "one candidate in JSON, such as " + '{"id": "concise", "topics": ["style"]}'
# Named beside the first bad line, so that a file is not mended one line a run.
_MORE_MAX = 10


def read_candidates(text: str) -> list[Candidate]:
    """Return what is to be ranked.

    Args:
        text: Ids with commas between them; or `@FILE` or `-` (stdin) for JSON lines.

    Raises:
        FieldError: There are none or too many, or one is malformed; names file, line and field.
    """
    if text == "-" or text.startswith("@"):
        return _of_lines(text)
    ids = [part.strip() for part in text.split(",")]
    if not all(ids):
        raise FieldError(OPTION, quoted(text), "ids with commas between them, @FILE, or - for stdin")
    twice = next((one for place, one in enumerate(ids) if one in ids[:place]), None)
    if twice is not None:
        raise FieldError(OPTION, f"{quoted(twice)} twice", "each id once")
    return [Candidate(action_id=one) for one in ids]


def _of_lines(source: str) -> list[Candidate]:
    name = "standard input" if source == "-" else source.removeprefix("@")
    found: dict[str, int] = {}
    candidates: list[Candidate] = []
    faults: list[tuple[int, FieldError]] = []
    with _opened(source) as file:
        for number, line in _lines(file):
            try:
                candidates.append(_candidate(line, found, number))
            except FieldError as exc:
                faults.append((number, exc))
    if faults:
        raise _fault(name, faults)
    if not 1 <= len(candidates) <= _CANDIDATES_MAX:
        raise FieldError(OPTION, f"{len(candidates):,} candidates in {name}", f"1 to {_CANDIDATES_MAX}")
    return candidates


def _opened(source: str) -> AbstractContextManager[IO[bytes]]:
    if source == "-":
        return nullcontext(sys.stdin.buffer)
    path = Path(source.removeprefix("@"))
    try:
        return path.open("rb")
    except OSError as exc:
        found = f"{path}, which cannot be read: {exc.strerror}"
        raise FieldError(OPTION, found, "a file with one candidate a line") from exc


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield lines that are not blank with their numbers; one more than may be, and no line to its end that has none."""
    number = count = 0
    while count <= _CANDIDATES_MAX and (line := file.readline(_LINE_BYTES_MAX + 1)):
        number += 1
        if line.strip():
            count += 1
            yield number, line
        if len(line) > _LINE_BYTES_MAX:
            return


def _candidate(line: bytes, found: dict[str, int], number: int) -> Candidate:
    """Return the candidate of a line.

    Raises:
        FieldError: It is none; names the field, or nothing where it is the line.
    """
    from ranking.requests import read_action

    if len(line) > _LINE_BYTES_MAX:
        raise FieldError("", f"over {_LINE_BYTES_MAX:,} bytes", "at most that")
    try:
        fields = json.loads(line)
    except UnicodeDecodeError as exc:
        raise FieldError("", f"a byte at {exc.start} that is not UTF-8", "UTF-8") from exc
    except (ValueError, RecursionError) as exc:
        raise FieldError("", f"no JSON ({exc})", _LINE) from exc
    if not isinstance(fields, dict):
        raise FieldError("", quoted(line.decode().strip()), _LINE)
    candidate = make_candidate(fields)
    try:
        # Of which size a vector must be, only the sidecar's configuration says.
        read_action(candidate, len(candidate.vector))
    except FieldError as exc:
        raise FieldError("id" if exc.field == "action_id" else exc.field, exc.found, exc.allowed) from exc
    first = found.setdefault(candidate.action_id, number)
    if first != number:
        raise FieldError("id", f"{quoted(candidate.action_id)}, as in line {first}", "each id once")
    return candidate


def _fault(name: str, faults: Sequence[tuple[int, FieldError]]) -> FieldError:
    (number, first), *others = faults
    place = f"{OPTION} {name} line {number}" + (f": {first.field}" if first.field else "")
    hint = first.hint
    if others:
        named = ", ".join(str(line) for line, _ in others[:_MORE_MAX])
        and_more = f" and {len(others) - _MORE_MAX} more" if len(others) > _MORE_MAX else ""
        hint = f"bad are also the lines {named}{and_more}"
    return FieldError(place, first.found, first.allowed, hint=hint)
