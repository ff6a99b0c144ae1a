"""Git histories: commits become events, authors become pseudonyms."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from foreword.errors import FieldError
from foreword.importers import GitHistory, Pseudonyms
from foreword.importers.areas import topics_of


class Repository:
    """A git repository whose commits are made by the test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._time = 1_700_000_000
        path.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, email: str = "Ann@Example.org") -> str:
        """Run git as an author, a minute later than before."""
        self._time += 60
        identity = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
                    (("NAME", "n"), ("EMAIL", email), ("DATE", f"{self._time} +0200"))}  # fmt: skip
        environment = {**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        result = subprocess.run(
            ["git", *arguments], cwd=self.path, env=environment, capture_output=True, check=True
        )
        return result.stdout.decode().strip()

    def commit(self, subject: str, *files: str, email: str = "Ann@Example.org") -> str:
        """Commit files with the subject as their content; return the commit's hash."""
        for file in files:
            place = self.path / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(subject)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject, email=email)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "engine")


def test_a_commit_is_an_event(repository: Repository) -> None:
    """Id, author, time, areas, language, main file and subject stand where event files have them."""
    commit = repository.commit(
        "Fix the loop\n\nAt length.", "core/loop/run.py", "core/loop/stop.py", "README.md", "docs/ä b.rst"
    )
    (row,) = GitHistory(repository.path, str.lower).rows()
    assert row.event is not None
    assert row.event.event_id == f"git-{commit[:16]}"
    assert (row.event.user_id, row.event.type, row.event.text) == (
        "ann@example.org",
        "commit",
        "Fix the loop",
    )
    assert row.event.item_id == "README.md"
    assert list(row.event.topics) == ["core/loop", "root", "docs", "documentation"]
    assert dict(row.event.attributes) == {"repo": "engine", "files": "4"}
    assert row.event.time.ToSeconds() == 1_700_000_000 + 60 * 3


def test_commits_without_files_and_merges_are_left_out(repository: Repository) -> None:
    """Only what shows what somebody works on becomes an event, oldest first."""
    repository.commit("one", "a.py")
    repository.commit("nothing")
    repository.git("checkout", "-q", "-b", "side")
    repository.commit("two", "b.py")
    repository.git("checkout", "-q", "main")
    repository.commit("three", "c.py")
    repository.git("merge", "-q", "--no-edit", "side")
    texts = [row.event.text for row in GitHistory(repository.path, str.lower).rows() if row.event]
    assert texts[0] == "one"
    assert sorted(texts) == ["one", "three", "two"]


def test_the_next_import_begins_after_the_last(repository: Repository) -> None:
    """A finished import is continued with what was committed since; a rewritten history is read whole."""
    repository.commit("one", "a.py")
    first = GitHistory(repository.path, str.lower)
    assert len(list(first.rows())) == 1
    repository.commit("two", "b.py")
    second = GitHistory(repository.path, str.lower)
    assert [row.event.text for row in second.rows(first.finished_point()) if row.event] == ["two"]
    gone = {"since": "0" * 39 + "1", "head": "", "done": 0}
    assert len(list(GitHistory(repository.path, str.lower).rows(gone))) == 2


def test_an_import_broken_off_is_finished_first(repository: Repository) -> None:
    """The rest of the former range comes first, then what was committed since; nothing twice, nothing left out."""
    for number in range(4):
        repository.commit(f"old {number}", f"{number}.py")
    broken = GitHistory(repository.path, str.lower)
    rows = broken.rows()
    next(rows)
    next(rows)
    point = broken.resume_point()
    rows.close()
    repository.commit("new", "new.py")
    resumed = GitHistory(repository.path, str.lower)
    assert [row.event.text for row in resumed.rows(point) if row.event] == ["old 2", "old 3", "new"]
    assert list(GitHistory(repository.path, str.lower).rows(resumed.finished_point())) == []


def test_a_folder_within_and_a_bare_repository_are_found(repository: Repository, tmp_path: Path) -> None:
    """Any folder of the work tree stands for its repository, and a bare one for itself."""
    repository.commit("one", "src/a.py")
    bare = tmp_path / "copy.git"
    repository.git("clone", "-q", "--bare", str(repository.path), str(bare))
    assert GitHistory(repository.path / "src", str.lower).name == "engine"
    assert GitHistory(bare, str.lower).name == "copy"
    assert len(list(GitHistory(bare, str.lower).rows())) == 1


def test_no_repository_is_said_in_words(tmp_path: Path, repository: Repository) -> None:
    """A folder that is missing, no repository, or without a commit is refused with its name."""
    for path in (tmp_path / "missing", tmp_path, repository.path):
        with pytest.raises(FieldError, match=path.name):
            GitHistory(path, str.lower)


def test_pseudonyms_are_stable_within_a_store_only(tmp_path: Path) -> None:
    """One person has one name in a store however the address is written, and another in another store."""
    here, again, elsewhere = (
        Pseudonyms.kept_in(tmp_path / "a"),
        Pseudonyms.kept_in(tmp_path / "a"),
        Pseudonyms.kept_in(tmp_path / "b"),
    )
    name = here.of("Ann@Example.org")
    assert name == again.of("ann@example.org ")
    assert name.startswith("dev_")
    assert len(name) == 14
    assert name != elsewhere.of("ann@example.org")
    assert name != here.of("bob@example.org")
    assert (tmp_path / "a" / "imports" / "pseudonyms.salt").stat().st_mode & 0o777 == 0o600


def test_areas_are_ranked_by_files() -> None:
    """The areas with most files come first, three at most, then the language most files are in."""
    files = ["x/y/z.py", "x/y/w.py", "docs/a.md", "b.txt", "c/d.sql"]
    assert topics_of(files) == ["x/y", "docs", "root", "python"]
    assert topics_of(["LICENSE"]) == ["root"]
    assert topics_of(["python/a.py"]) == ["python"]
