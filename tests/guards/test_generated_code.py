"""The committed code is what proto/ generates."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The oldest supported; another version writes other bytes for the same proto.
GENERATOR = "1.76.0"
FOLDERS = ("foreword/v1", "foreword/store/v1")
Build = Callable[..., None]


@pytest.mark.skipif(
    version("grpcio-tools") != GENERATOR,
    reason=f"the committed code is made by grpcio-tools {GENERATOR}, not {version('grpcio-tools')}",
)
def test_generated_code_is_current(tmp_path: Path) -> None:
    """Generating again gives the committed files, byte for byte, no more and no fewer."""
    protos = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "proto").rglob("*.proto"))
    services = [path for path in protos if path.endswith("_service.proto")]
    generate(protos, f"--python_out={tmp_path}", f"--pyi_out={tmp_path}")
    generate(services, f"--grpc_python_out={tmp_path}")
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.py*")}
    kept = {
        path.relative_to(ROOT): path.read_bytes()
        for folder in FOLDERS
        for path in (ROOT / folder).iterdir()
        if path.suffix in (".py", ".pyi") and path.name != "__init__.py"
    }
    assert made.keys() == kept.keys(), "run `make proto`"
    assert [str(name) for name in made if made[name] != kept[name]] == [], "run `make proto`"


def generate(protos: list[str], *outputs: str) -> None:
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I", "proto", *outputs, *protos]
    subprocess.run(command, cwd=ROOT, check=True)


def test_proto_folder_holds_only_proto() -> None:
    """proto/ can be handed to any language: nothing but .proto files is in it."""
    assert {path.suffix for path in (ROOT / "proto").rglob("*") if path.is_file()} == {".proto"}


def test_clients_are_made_of_these_protos() -> None:
    """The code of clients/ was generated from proto/ as it is; told by a digest, since not everybody has the tools."""
    protos = sorted((ROOT / "proto/foreword/v1").glob("*.proto"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in protos)).hexdigest()
    assert (ROOT / "clients/proto.sha256").read_text("utf-8").strip() == digest, "run `make clients-proto`"


# A first run builds the generators.
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("language", "tool"), [("go", "go"), ("node", "npm"), ("rust", "cargo")])
def test_code_of_clients_is_current(language: str, tool: str, build: Build) -> None:
    """Generating a client's code again gives the committed files, where its tools are."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    build([sys.executable, "clients/generate.py", "--check", language], ROOT)
