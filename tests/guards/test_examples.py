"""Each example runs as it stands, and from a copy elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Checkout

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))

Build = Callable[..., None]
Ended = subprocess.CompletedProcess[str]


def run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> Ended:
    """Run an example, its output and its errors apart."""
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_there_are_examples() -> None:
    """The folder that the docs point to is not empty."""
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example_runs(example: Path, checkout: Checkout) -> None:
    """The example ends well beside two running daemons, and prints something."""
    copy = checkout.folder / example.name
    copy.write_text(checkout.localised(example.read_text("utf-8")), encoding="utf-8")
    done = checkout.run([sys.executable, str(copy)])
    assert done.returncode == 0, done.stdout
    assert done.stdout.strip()


def test_python_example_names_the_reason(checkout: Checkout) -> None:
    """A refused call and a refused event are told by one list of names."""
    copy = checkout.folder / "reasons.py"
    example = (ROOT / "examples/python_client.py").read_text("utf-8")
    copy.write_text(checkout.localised(example), encoding="utf-8")
    names_the_reason(run([sys.executable, str(copy), ""], checkout.folder))


def test_tool_agent_follows_one_user_and_goes_on_without_a_sidecar(checkout: Checkout) -> None:
    """Three rejected refactorings put the concise fix first for that user and move nobody else; with nobody to rank,
    the tools run in the order in which they stand, and say so.
    """
    copy = checkout.folder / "tools.py"
    example = (ROOT / "examples/tool_agent.py").read_text("utf-8")
    copy.write_text(checkout.localised(example), encoding="utf-8")
    ranked = run([sys.executable, str(copy)], checkout.folder, checkout.environment)
    assert (ranked.returncode, ranked.stderr) == (0, "")
    assert re.search(r"^example-terse: first .*, now smallest-fix$", ranked.stdout, re.M), ranked.stdout
    same = "example-other: first refactor-and-explain, now refactor-and-explain"
    assert same in ranked.stdout.splitlines()
    copy.write_text(example.replace('"127.0.0.1:7464"', '"unix:./nobody.sock"'), encoding="utf-8")
    alone = run([sys.executable, str(copy)], checkout.folder, checkout.environment)
    assert alone.returncode == 0
    assert (
        "example-terse: first refactor-and-explain (unranked), now refactor-and-explain (unranked)"
        in alone.stdout
    )
    assert alone.stdout.count("refactor-and-explain then smallest-fix") == 4


def names_the_reason(done: Ended) -> None:
    """Check what an example says of an empty user id: the refused event first, then the refused call."""
    assert done.returncode == 1, done.stderr
    event, *_, call = done.stderr.strip().splitlines()
    assert re.match(r"ERROR_REASON_FIELD_INVALID: events\[0\]\.user_id found 0 bytes", event)
    assert re.match(r"ERROR_REASON_FIELD_INVALID: .*user_id: found 0 bytes", call)


def shows_a_foreword(done: Ended) -> None:
    """Check what an example prints of a user with a single event."""
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("FRESHNESS_DEFAULT revision 0, 0 tokens")
    assert not done.stderr


@pytest.fixture
def copied(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder of examples/ copied out of the repository, without what was built in it."""
    folder = tmp_path / str(request.param)
    shutil.copytree(
        ROOT / "examples" / folder.name, folder, ignore=shutil.ignore_patterns("node_modules", "gen")
    )
    return folder


# Without caches Go compiles gRPC and two generators, which takes longer than other tests may.
@pytest.mark.timeout(300)
@pytest.mark.parametrize("copied", ["go"], indirect=True)
def test_go_example_runs(copied: Path, checkout: Checkout, build: Build) -> None:
    """The Go example is generated from proto/ and built as its README says, records, reads, and tells a reason."""
    build(["go", "mod", "download"], copied)
    build(["buf", "generate", str(ROOT)], copied)
    build(["go", "build", "-o", "client", "."], copied)
    call = ["./client", "-address", f"127.0.0.1:{checkout.port}", "-user"]
    shows_a_foreword(run([*call, "gopher"], copied))
    names_the_reason(run([*call, ""], copied))


@pytest.mark.parametrize("copied", ["node"], indirect=True)
def test_node_example_runs(copied: Path, checkout: Checkout, build: Build) -> None:
    """The Node example runs beside a copy of proto/, records, reads, and tells a reason; without proto/ it says so."""
    build(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefer-offline"], copied)
    own = {name: value for name, value in os.environ.items() if name != "FOREWORD_PROTO"}

    def client(user: str) -> Ended:
        return run(["node", "client.js", user, f"127.0.0.1:{checkout.port}"], copied, own)

    lost = client("noder")
    assert (lost.returncode, len(lost.stderr.splitlines())) == (1, 1), lost.stderr
    assert "FOREWORD_PROTO" in lost.stderr
    shutil.copytree(ROOT / "proto", copied / "proto")
    shows_a_foreword(client("noder"))
    names_the_reason(client(""))


# Building the Go client compiles gRPC and two generators where there are no caches.
@pytest.mark.timeout(300)
def test_product_example_runs(product_example: Checkout, build: Build) -> None:
    """The model fills in the feed's own message, and generated clients in Python and Go print it, typed."""
    folder, run_in = product_example.folder, product_example.run
    readme = (folder / "README.md").read_text("utf-8")
    generating = re.search(
        r"foreword config product .*?feed\.proto buf/validate/validate\.proto", readme, re.S
    )
    assert generating is not None
    done = run_in(["bash", "-ec", generating[0]])
    assert done.returncode == 0, done.stdout
    client = folder / "client.py"
    client.write_text(product_example.localised(client.read_text("utf-8")), encoding="utf-8")
    shown = run_in([sys.executable, "client.py", "ada"])
    assert shown.returncode == 0, shown.stdout + (folder / "up.log").read_text("utf-8")
    assert re.search(r"^boost climbing x 1\.\d\d\nshow only: essay$", shown.stdout, re.M), shown.stdout
    got = json.loads(run(["foreword", "get", "ada"], folder, product_example.environment).stdout)["profile"]
    assert got["product"]["@type"].endswith("acme.v1.FeedProfile")
    assert got["product"]["boosts"][0]["topic"] in {"climbing", "training", "nutrition"}
    go = folder / "go"
    build(["go", "mod", "download"], go)
    build(["buf", "generate", "../feed.binpb", "--path", "acme", "--path", "buf/validate"], go)
    build(["buf", "generate", str(ROOT)], go)
    build(["go", "build", "-o", "client", "."], go)
    in_go = run_in([str(go / "client"), "-user", "ada", "-address", f"127.0.0.1:{product_example.port}"])
    assert in_go.returncode == 0, in_go.stdout
    assert in_go.stdout.splitlines() == shown.stdout.splitlines()[:2]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


@pytest.mark.parametrize(("language", "example"), [("Go", "go/main.go"), ("Node", "node/client.js")])
def test_calls_in_the_readme_are_those_of_the_example(language: str, example: str) -> None:
    """What README shows of another language stands in the example, with user and address written out."""
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = re.search(rf"From \*\*{language}\*\*.*?```text\n(.*?)```", readme, re.S)
    assert shown is not None
    of_example = {"go": ("*address", "*user"), "js": ("address", "user")}[example.rpartition(".")[2]]
    code = squeezed((ROOT / "examples" / example).read_text("utf-8"))
    for statement in shown[1].replace(",\n", ", ").splitlines():
        address, user = of_example
        written = statement.replace('"127.0.0.1:7464"', address).replace('"ada"', user)
        assert squeezed(written) in code, statement


@pytest.mark.parametrize(
    ("said", "is_skipped"),
    [
        ("go: dial tcp: lookup proxy.example on 127.0.0.53:53: no such host", True),
        ("npm error code ENOTFOUND", True),
        ("npm error code E503", True),
        ("reading module: 403 Forbidden", True),
        ("./main.go:12:2: undefined: forewordv2", False),
        ("npm error code ETARGET", False),
        ("reading module: 404 Not Found", False),
    ],
)
def test_a_build_is_skipped_only_without_its_registry(
    build: Build, tmp_path: Path, said: str, is_skipped: bool
) -> None:
    """A build that fails for any other reason fails the test."""
    with pytest.raises(pytest.skip.Exception if is_skipped else AssertionError):
        build([sys.executable, "-c", f"import sys; sys.exit({said!r})"], tmp_path)
    with pytest.raises(pytest.skip.Exception, match="not installed"):
        build(["no-such-toolchain"], tmp_path)
