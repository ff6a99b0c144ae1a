"""What an install puts on a machine."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP_LEVEL = {"foreword", "sidecar", "scheduler", "tiering", "ranking", "evaluations"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from this tree without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def top_level(wheel: zipfile.ZipFile) -> set[str]:
    names = {name.split("/")[0] for name in wheel.namelist()}
    return {name for name in names if not name.endswith(".dist-info")}


def test_wheel_installs_its_packages_only(wheel: zipfile.ZipFile) -> None:
    """Tests, benchmarks, docs and examples stay in the repository."""
    assert top_level(wheel) == TOP_LEVEL


def test_each_installed_name_has_one_owner(wheel: zipfile.ZipFile) -> None:
    """No other distribution here installs under a name of ours, which would overwrite files of both."""
    owners = packages_distributions()
    assert {name: set(owners.get(name, [])) - {"foreword"} for name in top_level(wheel)} == {
        name: set() for name in TOP_LEVEL
    }


def test_wheel_holds_every_module(wheel: zipfile.ZipFile) -> None:
    """Each module and type stub of the tree is in the wheel."""
    tree = {
        str(path.relative_to(ROOT))
        for package in TOP_LEVEL
        for pattern in ("*.py", "*.pyi")
        for path in (ROOT / package).rglob(pattern)
    }
    assert tree - set(wheel.namelist()) == set()


def test_wheel_holds_what_pages_are_made_of(wheel: zipfile.ZipFile) -> None:
    """Templates, style and mark of the operators' page are installed with it."""
    folder = ROOT / "foreword" / "cli" / "ui"
    tree = {
        str(path.relative_to(ROOT)) for part in ("templates", "static") for path in (folder / part).iterdir()
    }
    assert len(tree) > 10
    assert tree - set(wheel.namelist()) == set()


@pytest.mark.parametrize("package", sorted(TOP_LEVEL))
def test_package_is_typed(wheel: zipfile.ZipFile, package: str) -> None:
    """A type checker of the user reads our annotations."""
    assert f"{package}/py.typed" in wheel.namelist()


def test_licence_is_apache_2_verbatim(wheel: zipfile.ZipFile) -> None:
    """The licence is the Apache Licence 2.0 as published, in the tree and in the wheel."""
    published = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == published
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel.namelist())


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-integrations.txt"])
def test_constraints_name_versions_only(name: str) -> None:
    """A file of constraints pins versions, and says nothing of where they come from."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins
    assert [pin for pin in pins if pin.count("==") != 1 or any(sign in pin for sign in "@/: ")] == []
