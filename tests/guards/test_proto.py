"""The .proto files suit other languages, and the public ones say nothing of how rows are stored."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROTO = Path(__file__).parents[2] / "proto"
FILES = sorted(path.relative_to(PROTO) for path in PROTO.rglob("*.proto"))
OPTIONS = ("go_package", "java_package", "java_multiple_files", "csharp_namespace")
# Public types of java.lang, of C#'s System and of Swift's standard library that a message could be called. A class of
# that name in the generated package takes the place of the language's own in every file beside it.
TAKEN = set(
    """Action Any Array Attribute Boolean Byte Character Class Comparable Compiler Date Delegate Dictionary Double Enum
    Environment Error Exception Float Func Index Integer Iterable Long Math Module Number Object Optional Package
    Process Random Range Record Result Runnable Runtime Set Short Single String System Task Thread Throwable Timer
    Tuple Type Version Void""".split()
)


@pytest.mark.parametrize("file", FILES, ids=str)
def test_file_names_its_package_in_each_language(file: Path) -> None:
    """Go, Java and C# need no option of the caller's to generate from the file as it is."""
    text = (PROTO / file).read_text("utf-8")
    assert [option for option in OPTIONS if not re.search(rf"^option {option} = ", text, re.MULTILINE)] == []


@pytest.mark.parametrize("file", FILES, ids=str)
def test_no_name_is_a_languages_own(file: Path) -> None:
    """No message or enum hides a type that Java, C# or Swift brings, nor does Java's class for the file."""
    text = (PROTO / file).read_text("utf-8")
    names = set(re.findall(r"^(?:message|enum|service) (\w+)", text, re.MULTILINE))
    names.add("".join(part.title() for part in file.stem.split("_")))
    assert names & TAKEN == set()


def test_no_public_file_imports_stored_rows() -> None:
    """A client that generates from foreword/v1 gets none of the daemons' rows."""
    public = [file for file in FILES if "store" not in file.parts]
    assert len(public) > 5
    assert [str(file) for file in public if "foreword/store/" in (PROTO / file).read_text("utf-8")] == []
