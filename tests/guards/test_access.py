"""Every method takes a right, and docs/access.md says which."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

from foreword.callers import RIGHTS
from sidecar.rights import RULES
from sidecar.server import SERVICES

ROOT = Path(__file__).parents[2]


def methods() -> set[str]:
    """Return the methods of all services, as the protos have them."""
    found = set()
    for service in SERVICES:
        name = service.rpartition(".")[2]
        snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        descriptor = import_module(f"foreword.v1.{snake}_pb2").DESCRIPTOR
        found |= {f"{name}/{method.name}" for method in descriptor.services_by_name[name].methods}
    return found


def test_every_method_takes_a_right() -> None:
    """A method without an entry in the table of rights could be called by anybody, or by nobody."""
    assert set(RULES) == methods()


def test_every_service_of_the_protos_is_asked_about() -> None:
    """A new service is among those that the sidecar guards."""
    protos = (ROOT / "proto/foreword/v1").glob("*_service.proto")
    names = {name for proto in protos for name in re.findall(r"^service (\w+)", proto.read_text(), re.M)}
    assert {service.rpartition(".")[2] for service in SERVICES} == names


def test_the_docs_name_each_method_beside_its_right() -> None:
    """The table of docs/access.md is the one in force."""
    text = (ROOT / "docs/access.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.M))
    assert set(rows) == set(RIGHTS)
    for right, row in rows.items():
        wanted = {name.partition("/")[2] for name, rule in RULES.items() if rule.right == right}
        assert set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)*\b", row)) - {"Answer"} == wanted - {"Answer"}
