"""Each example runs as it stands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Checkout

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


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


@pytest.fixture
def copied(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder of examples/, copied so that building it leaves the tree clean."""
    folder = tmp_path / str(request.param)
    shutil.copytree(
        ROOT / "examples" / folder.name, folder, ignore=shutil.ignore_patterns("node_modules", "gen")
    )
    return folder


def build(command: list[str], folder: Path) -> None:
    """Run a build step; where its tool or its downloads are not to be had, the test is skipped."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    if done.returncode:
        pytest.skip(f"{' '.join(command)} failed, perhaps for want of a network: {done.stderr[-300:]}")


def ends_well(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "FOREWORD_PROTO": str(ROOT / "proto")}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("copied", ["go"], indirect=True)
def test_go_example_runs(copied: Path, checkout: Checkout) -> None:
    """The Go example is generated from proto/, built, and gets a foreword."""
    for tool in ("go", "protoc-gen-go", "protoc-gen-go-grpc"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    buf = str(Path(sys.executable).with_name("buf"))
    subprocess.run([buf, "generate", str(ROOT)], cwd=copied, check=True, timeout=100)
    build(["go", "mod", "download"], copied)
    ends_well(["go", "run", ".", "-address", f"127.0.0.1:{checkout.port}"], copied)


@pytest.mark.parametrize("copied", ["node"], indirect=True)
def test_node_example_runs(copied: Path, checkout: Checkout) -> None:
    """The Node example gets a foreword."""
    build(["npm", "install", "--no-audit", "--no-fund", "--silent"], copied)
    ends_well(["node", "client.js", "ann", f"127.0.0.1:{checkout.port}"], copied)
