"""A .proto file, compiled: its descriptors with the comments in them."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.message import DecodeError

from foreword.errors import FieldError, MissingExtraError

FILE_KEY = "agent.product.proto_file"
COMPILED_SUFFIX = ".binpb"
EXTRA = "product"
# protoc takes a tenth of a second; a file on a hanging disk must not hold up the start for good.
_COMPILE_SECONDS_MAX = 30
_PACKAGE = re.compile(r"^\s*package\s+([\w.]+)\s*;", re.MULTILINE)


def compile_file(file: Path) -> descriptor_pb2.FileDescriptorSet:
    """Return the file and all it imports, imports first.

    A `.binpb` file is a descriptor set that was compiled elsewhere and is only read. Imports are looked for in the
    folder of the file, or where the folders of its package begin, if it stands in such: `acme/v1/feed.proto` of the
    package `acme.v1` in the folder above `acme`. `buf/validate/validate.proto` and `google/protobuf/*.proto` are always
    there.

    Raises:
        FieldError: It cannot be read or compiled; says in which line.
        MissingExtraError: The extra `product` is not installed.
    """
    if not file.is_file():
        raise FieldError(FILE_KEY, f"no file {str(file)!r}", "a .proto file, or a descriptor set (.binpb)")
    return _read_set(file) if file.suffix == COMPILED_SUFFIX else _protoc(file)


def _read_set(file: Path) -> descriptor_pb2.FileDescriptorSet:
    try:
        compiled = descriptor_pb2.FileDescriptorSet.FromString(file.read_bytes())
    except (OSError, DecodeError) as exc:
        raise FieldError(
            FILE_KEY, f"{file}, which is no descriptor set ({exc})", "what `buf build -o FILE.binpb` writes"
        ) from exc
    if not compiled.file:
        raise FieldError(FILE_KEY, f"an empty {file}", "what `buf build -o FILE.binpb` writes")
    return compiled


def _protoc(file: Path) -> descriptor_pb2.FileDescriptorSet:
    if importlib.util.find_spec("grpc_tools") is None:
        raise MissingExtraError(f"{FILE_KEY} = {str(file)!r}", EXTRA)
    with tempfile.TemporaryDirectory(prefix="foreword-product-") as folder:
        rules, target = Path(folder, "validate.binpb"), Path(folder, "product.binpb")
        rules.write_bytes(validate_descriptors().SerializeToString())
        root = _root(file.absolute())
        command = [
            *(sys.executable, "-m", "grpc_tools.protoc", f"-I{root}", f"--descriptor_set_in={rules}"),
            *("--include_imports", "--include_source_info", f"--descriptor_set_out={target}"),
            str(file.absolute().relative_to(root)),
        ]
        # A process of its own: within ours protoc writes its errors past Python, to the process's stderr.
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_COMPILE_SECONDS_MAX
        )
        if done.returncode:
            said = "; ".join(line.rstrip(".") for line in done.stderr.strip().splitlines()[:5])
            raise FieldError(
                FILE_KEY, said or f"protoc ending with {done.returncode}", "a .proto file that compiles"
            )
        return descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes())


def _root(file: Path) -> Path:
    """Return the folder that imports are relative to."""
    package = _PACKAGE.search(file.read_text("utf-8", "replace"))
    parts = package[1].split(".") if package else []
    folders = list(file.parent.parts)
    return Path(*folders[: -len(parts)]) if parts and folders[-len(parts) :] == parts else file.parent


def validate_descriptors() -> descriptor_pb2.FileDescriptorSet:
    """Return `buf/validate/validate.proto` and what it imports, as the installed protovalidate carries them.

    Raises:
        MissingExtraError: The extra `product` is not installed.
    """
    from scheduler.agent.product.validation import rules_files

    files = descriptor_pb2.FileDescriptorSet()
    for serialized in rules_files():
        files.file.add().ParseFromString(serialized)
    return files
