"""What every tracked file keeps to."""

from __future__ import annotations

import ast
import ipaddress
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Written in pieces, so that this file does not hold what it looks for.
PRIVATE_FOLDERS = re.compile(r"(?<![\w.$}~-])/(?:wo" + "rk|ro" + r"ot|home/[a-z])\b/?")
SESSION_FOLDERS = re.compile("/tmp/" + r"(?:fw|bash_jobs|claude)")
INDEX_SETTINGS = re.compile(
    "index"
    + "-url|PIP_"
    + "INDEX|find"
    + "-links|GO"
    + "PROXY|registry"
    + r"\s*=\s*[\"']?(?:http|sparse|file)"
)
ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
# RFC 5737 sets these apart for examples.
EXAMPLE_NETWORKS = [
    ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
]


def tracked_texts() -> list[tuple[str, str]]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so nothing says which files are tracked")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    names = [name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    return [(name, (ROOT / name).read_text("utf-8", "replace")) for name in names]


def found(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {match[0]}"
        for name, text in tracked_texts()
        for number, line in enumerate(text.splitlines(), 1)
        for match in pattern.finditer(line)
    ]


@pytest.mark.parametrize("pattern", [PRIVATE_FOLDERS, SESSION_FOLDERS, INDEX_SETTINGS])
def test_no_file_names_a_machine(pattern: re.Pattern[str]) -> None:
    """No tracked file holds a path of someone's machine or says where packages come from."""
    assert found(pattern) == []


def test_addresses_are_local_or_examples() -> None:
    """An IP address in the tree is loopback, the wildcard, or set apart for examples."""
    strangers = []
    for place in found(ADDRESS):
        try:
            address = ipaddress.ip_address(place.rsplit(": ", 1)[1])
        except ValueError:
            continue
        is_example = any(address in network for network in EXAMPLE_NETWORKS)
        if not (address.is_loopback or address.is_unspecified or is_example):
            strangers.append(place)
    assert strangers == []


def test_no_unfinished_mark_remains() -> None:
    """Nothing is left to be done later under a mark that nobody reads."""
    assert found(re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")) == []


def test_every_test_says_what_it_holds() -> None:
    """Each test has a docstring: the behaviour it holds, in one sentence."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert silent == []
