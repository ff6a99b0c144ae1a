"""`foreword answer import`: which articles are put, and what is said of those that cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from answer_server import RefusedError, answer_server

from foreword.cli import main
from foreword.v1.answer_service_pb2 import PutCoreRequest, PutCoreResponse
from foreword.v1.core_pb2 import Core

GOOD = "---\naliases: ['Why not?', 'Why else?']\nlocale: de\ntags: [own]\n---\n# Why?\n\nBecause.\n"

Files = dict[str, str | bytes]
Run = Callable[..., tuple[int, list[str], list[str], list[PutCoreRequest]]]


def stored(request: PutCoreRequest) -> PutCoreResponse:
    return PutCoreResponse(
        core=Core(core_id="c" * 32), stored=True, unchanged=request.core.question == "Same?"
    )


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Imports files; returns code, lines of stdout and stderr, and what a sidecar was asked to put."""
    monkeypatch.chdir(tmp_path)

    def running(files: Files, *arguments: str, says: Callable[[Any], Any] = stored) -> Any:
        for name, text in files.items():
            path = tmp_path / "help" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with answer_server(PutCore=says) as (address, service):
            code = main(["answer", "import", "help", *arguments, "--address", address])
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err.splitlines(), [request for _, request in service.asked]

    return running


def test_every_article_at_any_depth_is_put(run: Run) -> None:
    """In the order of their names, with what the front matter says; options fill in what it does not say."""
    files: Files = {
        "b.md": GOOD,
        "a/c.md": "# Same?\n\nYes.\n",
        "a/c.txt": "no article",
        ".git/d.md": "# No?\n\nNo.\n",
    }
    code, out, err, asked = run(
        files, "--locale", "fr", "--tag", "help", "--tag", "own", "--namespace", "acme"
    )
    assert (code, out, err) == (0, ["2 articles: 1 put, 1 unchanged"], [])
    same, why = asked
    assert (same.core.question, same.locale, list(same.core.tags)) == ("Same?", "fr", ["help", "own"])
    assert (why.core.question, why.locale, list(why.core.tags)) == ("Why?", "de", ["own", "help"])
    assert (list(why.aliases), why.namespace, why.replace) == (["Why not?", "Why else?"], "acme", False)
    assert [request.replace for request in run(files, "--replace")[3]] == [True, True]


def test_what_is_wrong_is_said_with_file_and_line_and_the_others_are_put(run: Run) -> None:
    """Each article that cannot be a core has a line of its own; the command ends with 1."""
    files: Files = {
        "a.md": "# Q\n\n## S\n\nText.\n",
        "b.md": b"# Q\n\nLead \xff.\n",
        "c.md": "# Q\n\n" + "é" * 40_000,
        "d.md": GOOD,
        "e.md": "# why\n\nBecause.\n",
        "f.md": "---\nlocale: de\n---\n# WHY\n\nBecause.\n",
        "g.md": "# Q\n\n" + "x" * 500,
    }
    code, out, err, asked = run(files)
    assert (code, out) == (1, ["7 articles: 2 put, 5 failed"])
    assert err == [
        "help/a.md:3: found no paragraph in front of the first section; allowed: a first paragraph that answers, or "
        "`summary` in the front matter",
        "help/b.md:3: found the byte 0xFF; allowed: UTF-8",
        "help/c.md: markdown: found more; allowed: at most 65,536 bytes of UTF-8",
        "help/f.md: question: found that of help/d.md again; allowed: one article for each question",
        "help/g.md:3, core.lead_short: found 500 bytes; allowed: 1 to 400 bytes of UTF-8",
    ]
    assert [request.core.question for request in asked] == ["Why?", "why"]


def test_a_file_that_cannot_be_read_is_one_that_failed(run: Run, tmp_path: Path) -> None:
    """The reason of the system stands behind its name."""
    (tmp_path / "help").mkdir()
    (tmp_path / "help" / "a.md").symlink_to("nowhere.md")
    code, _, err, asked = run({"b.md": GOOD})
    assert (code, err, len(asked)) == (1, ["help/a.md: No such file or directory"], 1)


def test_a_dry_run_reads_all_and_puts_nothing(run: Run, tmp_path: Path) -> None:
    """It needs no sidecar; one article alone can be read too, and --verbose names each."""
    files: Files = {"a.md": GOOD, "b.md": "No heading.\n"}
    code, out, err, asked = run(files, "--dry-run")
    assert (code, out, asked) == (1, ["2 articles: 1 checked, 1 failed"], [])
    assert err[0].startswith("help/b.md:1: found no question; allowed: ")
    assert main(["answer", "import", str(tmp_path / "help" / "a.md"), "--dry-run"]) == 0
    assert run(files, "--dry-run", "--verbose")[2][0] == "help/a.md: checked: Why?"
    said = run({"b.md": "# B?\n\nYes.\n"}, "--dry-run", "--locale", "Welsh, please")[2]
    assert [line.partition(";")[0] for line in said] == ["help/b.md: core.locale: found 'Welsh, please'"]


def test_what_the_sidecar_refuses_is_said_with_what_helps(run: Run) -> None:
    """Another answer for the question stays unless --replace is given; a refused alias is said and fails nothing."""

    def exists(_: Any) -> Any:
        raise RefusedError(
            grpc.StatusCode.ALREADY_EXISTS, "CORE_EXISTS", "there is one already", hint="replace"
        )

    code, out, err, _ = run({"a.md": GOOD}, says=exists)
    assert (code, out) == (1, ["1 article: 1 failed"])
    assert err == ["help/a.md: there is one already (replace it with --replace)"]
    response = PutCoreResponse(
        core=Core(core_id="c" * 32), stored=True, refused_aliases=["'Why not?' has one"]
    )
    code, out, err, _ = run({"a.md": GOOD}, says=lambda _: response)
    assert (code, out, err) == (
        0,
        ["1 article: 1 put"],
        ["help/a.md: an alias was left out: 'Why not?' has one"],
    )


def test_in_json_each_file_has_what_became_of_it(run: Run) -> None:
    """Nothing else is printed."""
    code, out, err, _ = run({"a.md": GOOD, "b.md": ""}, "--json")
    assert (code, err) == (1, [])
    good, bad = json.loads("\n".join(out))
    assert good == {
        "name": "help/a.md",
        "became": "put",
        "question": "Why?",
        "core_id": "c" * 32,
        "error": "",
        "refused_aliases": [],
    }
    assert (bad["became"], bad["error"].partition(":")[0]) == ("failed", "help/b.md")


def test_a_sidecar_that_goes_ends_the_import(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """What would fail for every article is said once; without a sidecar nothing is read."""
    code, out, err, _ = run({"a.md": "No heading.\n", "b.md": GOOD}, says=lambda _: None)
    assert (code, out) == (1, [])
    assert len(err) == 2
    assert main(["answer", "import", "help", "--address", "127.0.0.1:1"]) == 1
    assert "no sidecar answers at 127.0.0.1:1" in capsys.readouterr().err


def test_a_folder_without_articles_is_refused(run: Run, tmp_path: Path) -> None:
    """Most likely it is not the folder that was meant."""
    code, _, err, _ = run({"a.txt": "x"})
    assert (code, err) == (
        1,
        ["Error: DIR: found no file *.md in help; allowed: a folder with articles, as *.md"],
    )
