"""Generate the code of clients/ from proto/, each language with the generators that its package pins.

    python clients/generate.py [--check] [go] [node] [rust]

With --check nothing is changed: what differs from the committed code is named, and the exit code is not 0. A language
whose tools are missing is skipped by name. Java's code is made by its build.
"""

from __future__ import annotations

import filecmp
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CLIENTS = Path(__file__).parent.resolve()
PROTO = CLIENTS.parent / "proto"

# What the committed code was last made of, for a test that needs no tools.
DIGEST = CLIENTS / "proto.sha256"
# Where each language keeps its generated code; it holds nothing else.
FOLDERS = {"go": "gen", "node": "gen", "rust": "src/gen"}


def main(arguments: list[str]) -> int:
    """Generate, or check, the languages that are named, or all; return how many are not current."""
    is_check = "--check" in arguments
    languages = [each for each in arguments if each != "--check"] or list(FOLDERS)
    stale = 0
    done = []
    for language in languages:
        missing = [tool for tool in TOOLS[language] if shutil.which(tool, path=_path()) is None]
        if missing:
            print(f"clients/{language}: skipped, {' and '.join(missing)} not installed")
            continue
        stale += not _generate(language, is_check=is_check)
        done.append(language)
    if done == list(FOLDERS) and not is_check:
        DIGEST.write_text(digest() + "\n", "utf-8")
    return stale


def digest() -> str:
    """Return the SHA-256 of all files that the clients' code is made of, in the order of their names."""
    protos = sorted((PROTO / "foreword" / "v1").glob("*.proto"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in protos)).hexdigest()


def _generate(language: str, *, is_check: bool) -> bool:
    """Generate into a new folder; return whether what is kept is current in the end."""
    kept = CLIENTS / language / FOLDERS[language]
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary) / "gen"
        made.mkdir()
        GENERATORS[language](made)
        changed = _differences(made, kept)
        if changed and not is_check:
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(made, kept)
    for name in changed:
        print(f"clients/{language}: {name} {'is not what proto/ generates' if is_check else 'written'}")
    return not (changed and is_check)


def _differences(made: Path, kept: Path) -> list[str]:
    """Return the files that are in one folder alone, or differ."""
    names = {
        str(path.relative_to(folder))
        for folder in (made, kept)
        for path in folder.rglob("*")
        if path.is_file()
    }
    return sorted(
        name
        for name in names
        if not (
            (made / name).is_file()
            and (kept / name).is_file()
            and filecmp.cmp(made / name, kept / name, False)
        )
    )


def _path() -> str:
    # The environment of the interpreter has buf.
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def _run(command: list[str], folder: str) -> None:
    environment = os.environ | {"PATH": _path()}
    subprocess.run(command, cwd=CLIENTS / folder, env=environment, check=True)


def _go(made: Path) -> None:
    _buf("go", made)


def _node(made: Path) -> None:
    if not (CLIENTS / "node" / "node_modules").is_dir():
        # The generator alone: nothing is to be compiled for it.
        _run(["npm", "ci", "--ignore-scripts", "--silent"], "node")
    _buf("node", made)


def _rust(made: Path) -> None:
    descriptors = made.parent / "descriptors"
    protos = map(str, sorted((PROTO / "foreword" / "v1").glob("*.proto")))
    flags = ["--include_imports", "--include_source_info", f"--descriptor_set_out={descriptors}"]
    _run([sys.executable, "-m", "grpc_tools.protoc", "-I", str(PROTO), *flags, *protos], ".")
    _run(["cargo", "run", "--quiet", "--locked", "-p", "generate", "--", str(descriptors), str(made)], "rust")


def _buf(language: str, made: Path) -> None:
    paths = ["--path", str(PROTO / "foreword" / "v1")]
    _run(["buf", "generate", str(PROTO.parent), *paths, "-o", str(made)], language)


TOOLS = {"go": ["go", "buf"], "node": ["npm", "buf"], "rust": ["cargo"]}
GENERATORS = {"go": _go, "node": _node, "rust": _rust}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
