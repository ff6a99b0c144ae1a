"""Events from the commits of a git repository."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from foreword.errors import FieldError, ForewordError
from foreword.importers.areas import topics_of
from foreword.importers.source import Progress, Row
from foreword.text_size import cut_text
from foreword.v1.event_pb2 import Event

# Read at once from git; keeps memory flat over any history.
_CHUNK_BYTES = 1 << 16
# Limits of Event, in bytes.
_ITEM_ID_BYTES_MAX = 256
_TOPIC_BYTES_MAX = 128
_TEXT_BYTES_MAX = 8192
_ATTRIBUTE_BYTES_MAX = 256
# A commit begins with a byte that ends no other field: \x01, hash, time, address, subject, then the files.
_FORMAT = "--format=%x01%H%x00%at%x00%aE%x00%s"
_HASH_LENGTHS = (40, 64)


class _Commit(NamedTuple):
    hash: str
    time_seconds: str
    address: str
    subject: str
    files: list[str]


class GitHistory:
    """The commits of a repository, oldest first, each an event of its author.

    Merges and commits without files are left out: they say nothing of what somebody works on. Once all is
    imported, the next import begins after the newest commit then known.

    Args:
        path: A folder in the repository's work tree, or a bare repository.
        user_id_of: Makes a user id of the author's mail address, by `.mailmap` where there is one.
        namespace: The namespace of the events.

    Raises:
        FieldError: There is no repository, or it has no commit.
        ForewordError: git is not installed.
    """

    def __init__(self, path: Path, user_id_of: Callable[[str], str], *, namespace: str = "") -> None:
        self._path = path.absolute()
        self._user_id_of = user_id_of
        self._namespace = namespace
        if not self._path.is_dir():
            raise FieldError(str(path), "no such folder", "a folder in a git repository")
        self._git_folder = Path(self._git("rev-parse", "--absolute-git-dir"))
        self._repo = _repository_name(self._git_folder)
        self._head = self._git("rev-parse", "--verify", "HEAD^{commit}")
        self._newest = self._head
        self._since = ""
        self._done = 0
        self._total = 0

    @property
    def name(self) -> str:
        """The repository's name."""
        return self._repo

    @property
    def identity(self) -> str:
        """The repository's place, and whose names its events bear."""
        return f"git {self._git_folder} {self._namespace} {self._user_id_of('author@example.org')}"

    def rows(self, resume_from: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """Yield one row per commit that touches files."""
        self._begin(resume_from)
        yield from self._range()
        if self._head != self._newest:
            # The rest of an import that was broken off is done; what was committed since follows.
            self._since, self._head, self._done = self._head, self._newest, 0
            yield from self._range()

    def resume_point(self) -> dict[str, Any]:
        """Return which range of commits is read, and how many of them are done."""
        return {"since": self._since, "head": self._head, "done": self._done}

    def finished_point(self) -> dict[str, Any]:
        """Return the newest commit read, after which the next import begins."""
        return {"since": self._head, "head": "", "done": 0}

    def progress(self) -> Progress:
        """Return how many commits are read."""
        return Progress(self._done, self._total, "commits")

    def _begin(self, resume_from: Mapping[str, Any] | None) -> None:
        point = resume_from or {}
        self._since = self._known(str(point.get("since", "")))
        head = self._known(str(point.get("head", "")))
        self._head = head or self._newest
        self._done = int(point.get("done", 0)) if head else 0

    def _range(self) -> Iterator[Row]:
        """Yield the rows of the commits from `_since` to `_head`, without those done."""
        with tempfile.TemporaryFile() as hashes:
            self._list_commits(hashes)
            for commit in self._commits(hashes):
                self._done += 1
                if commit.files:
                    yield self._row(commit)

    def _known(self, commit: str) -> str:
        """Return the commit's hash while the repository has it (a rewritten history may not), else nothing."""
        if not commit:
            return ""
        result = self._run("rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}")
        return result.stdout.strip() if result.returncode == 0 else ""

    def _list_commits(self, hashes: IO[bytes]) -> None:
        """Write the hashes still to be read into a file, for git to read them from, and count them."""
        arguments = ["rev-list", "--reverse", "--no-merges", self._head]
        if self._since:
            arguments.append(f"^{self._since}")
        listed = self._git(*arguments).splitlines()
        self._total = len(listed)
        hashes.write("".join(f"{line}\n" for line in listed[self._done :]).encode())
        hashes.seek(0)

    def _commits(self, hashes: IO[bytes]) -> Iterator[_Commit]:
        if self._done >= self._total:
            return
        command = self._command(
            "log", "--no-walk=unsorted", "--stdin", "--name-only", "--no-renames", "-z", "--no-color",
            "--no-show-signature", "--no-ext-diff", _FORMAT,
        )  # fmt: skip
        with subprocess.Popen(
            command, stdin=hashes, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
        ) as process:
            assert process.stdout is not None
            try:
                yield from _parse(process.stdout)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            raise FieldError(
                str(self._path), f"git log ended with {process.returncode}", "a sound repository"
            )

    def _row(self, commit: _Commit) -> Row:
        event = Event(
            event_id=f"git-{commit.hash[:16]}",
            user_id=self._user_id_of(commit.address),
            namespace=self._namespace,
            type="commit",
            item_id=cut_text(commit.files[0], _ITEM_ID_BYTES_MAX),
            topics=[cut_text(topic, _TOPIC_BYTES_MAX) for topic in topics_of(commit.files)],
            text=cut_text(commit.subject, _TEXT_BYTES_MAX),
            attributes={"repo": cut_text(self._repo, _ATTRIBUTE_BYTES_MAX), "files": str(len(commit.files))},
        )
        raw = f"{commit.hash} {commit.time_seconds}"
        try:
            event.time.FromSeconds(int(commit.time_seconds))
        except ValueError:
            refusal = f"time: found {commit.time_seconds}; allowed: seconds since 1970"
            return Row(self._done, None, raw, refusal)
        return Row(self._done, event, raw)

    # -- git ----------------------------------------------------------------------------------------------

    def _git(self, *arguments: str) -> str:
        result = self._run(*arguments)
        if result.returncode:
            said = result.stderr.strip().splitlines() or ["git failed"]
            raise FieldError(
                str(self._path), said[0].removeprefix("fatal: "), "a git repository with commits"
            )
        return result.stdout.strip()

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                self._command(*arguments), capture_output=True, text=True, check=False, env=_environment()
            )
        except FileNotFoundError as exc:
            raise ForewordError(
                "git is not installed", hint="install git, or import events from a file"
            ) from exc

    def _command(self, *arguments: str) -> list[str]:
        return ["git", "-C", str(self._path), *arguments]


def _parse(stdout: IO[bytes]) -> Iterator[_Commit]:
    """Yield commits from the NUL-separated output of `git log`."""
    fields = _fields(stdout)
    field = next(fields, "")
    while field:
        header = [field.removeprefix("\x01"), *islice(fields, 3)]
        if len(header) < 4:
            return
        files: list[str] = []
        field = ""
        for field in fields:
            if _begins_commit(field):
                break
            if name := field.removeprefix("\n"):
                files.append(name)
        else:
            field = ""
        yield _Commit(header[0], header[1], header[2], header[3], files)


def _fields(stdout: IO[bytes]) -> Iterator[str]:
    rest = b""
    while chunk := stdout.read(_CHUNK_BYTES):
        *whole, rest = (rest + chunk).split(b"\0")
        for field in whole:
            yield field.decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")


def _begins_commit(field: str) -> bool:
    return field.startswith("\x01") and len(field) - 1 in _HASH_LENGTHS


def _repository_name(git_folder: Path) -> str:
    """Return the name of the work tree's folder, or of a bare repository without `.git`."""
    return git_folder.parent.name if git_folder.name == ".git" else git_folder.name.removesuffix(".git")


def _environment() -> dict[str, str]:
    # Messages in English, and no lock taken in a repository that is only read.
    return {**os.environ, "LC_ALL": "C.UTF-8", "GIT_OPTIONAL_LOCKS": "0", "GIT_PAGER": ""}
