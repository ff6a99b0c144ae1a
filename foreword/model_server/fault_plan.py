"""Which fault comes next: rules in order, from a script, a request's header, or `POST /faults`."""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from foreword.errors import FieldError
from foreword.model_server.faults import FAULTS, Fault, FaultKind

# A script is written by hand, or by a test; this many rules is a mistake in either.
_RULES_MAX = 1000
_FIELDS = ("fault", "times", "seconds", "share", "path", "wait_seconds")


@dataclass(frozen=True, slots=True)
class FaultRule:
    """When a fault is put in.

    Attributes:
        fault: Which one; `wait_seconds` in it is as the rule has it.
        times: How often, then the rule is done; None without end.
        seconds: For how long from the first request it could be put to, then the rule is done; None without end.
        share: Of the requests, answers or rows it could be put to, 0 to 1; the others go on to the next rule.
        path: Only where the request's path begins so.
    """

    fault: Fault
    times: int | None = None
    seconds: float | None = None
    share: float = 1.0
    path: str = ""


def read_rule(value: object) -> FaultRule:
    """Return a rule from JSON or TOML.

    Raises:
        FieldError: It has an unknown field or fault, or a value out of range.
    """
    if not isinstance(value, Mapping):
        raise FieldError("faults", f"{value!r:.80}", "a list of tables, each with at least `fault`")
    if unknown := sorted(set(value) - set(_FIELDS)):
        raise FieldError(f"faults.{unknown[0]}", "an unknown field", ", ".join(_FIELDS))
    fault = FAULTS.get(str(value.get("fault")))
    if fault is None:
        raise FieldError("faults.fault", f"{value.get('fault')!r:.80}", ", ".join(FAULTS))
    if "wait_seconds" in value:
        if fault.wait_seconds is None:
            raise FieldError("faults.wait_seconds", "a time", f"none with {fault.name}, which has no time")
        fault = replace(fault, wait_seconds=_number(value, "wait_seconds", 86_400))
    return FaultRule(
        fault,
        int(_number(value, "times", 1_000_000_000)) if "times" in value else None,
        _number(value, "seconds", 86_400) if "seconds" in value else None,
        _number(value, "share", 1.0) if "share" in value else 1.0,
        str(value.get("path", "")),
    )


def read_header(text: str) -> list[FaultRule]:
    """Return the faults of an `x-fault` header: names between commas, each with `;wait_seconds=…` if wanted.

    Raises:
        FieldError: As with `read_rule`.
    """
    return [read_rule(_header_fields(part)) for part in text.split(",") if part.strip()]


def read_script(path: Path) -> list[FaultRule]:
    """Return the rules of a script: `faults`, a list of tables, as JSON or TOML by the file's suffix.

    Raises:
        FieldError: The file cannot be read, or a rule is wrong.
    """
    try:
        text = path.read_text("utf-8")
        read = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError) as exc:
        raise FieldError("script", f"{path}: {exc}", "a .toml or .json file") from exc
    return read_rules(read)


def read_rules(value: object) -> list[FaultRule]:
    """Return the rules in `{"faults": […]}`, or in a bare list, or the one rule that a table is.

    Raises:
        FieldError: As with `read_rule`.
    """
    listed = value.get("faults", [value]) if isinstance(value, Mapping) else value
    if not isinstance(listed, list) or len(listed) > _RULES_MAX:
        raise FieldError("faults", f"{listed!r:.80}", f"a list of at most {_RULES_MAX} tables")
    return [read_rule(rule) for rule in listed]


def _header_fields(part: str) -> dict[str, Any]:
    name, *options = (piece.strip() for piece in part.split(";"))
    pairs = (option.partition("=")[::2] for option in options)
    return {"fault": name, **{key.strip(): value.strip() for key, value in pairs}}


def _number(value: Mapping[str, Any], field: str, most: float) -> float:
    try:
        number = float(value[field])
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= most:
        raise FieldError(f"faults.{field}", f"{value[field]!r:.80}", f"0 to {most:g}")
    return number


@dataclass(slots=True)
class _Standing:
    rule: FaultRule
    left: int | None
    since_ms: int | None = None

    def is_done(self, now_ms: int) -> bool:
        seconds = self.rule.seconds
        is_over = (
            seconds is not None and self.since_ms is not None and now_ms >= self.since_ms + seconds * 1000
        )
        return self.left == 0 or is_over


class FaultPlan:
    """Rules that stand in line. Of those of one kind the first that fits is put in, until it is done."""

    def __init__(self, seed: int, rules: Iterable[FaultRule] = ()) -> None:
        self._random = random.Random(seed)
        self._standing: list[_Standing] = []
        self.add(rules)

    def add(self, rules: Iterable[FaultRule]) -> None:
        """Put rules at the end of the line.

        Raises:
            FieldError: There are too many.
        """
        added = [_Standing(rule, rule.times) for rule in rules]
        if len(self._standing) + len(added) > _RULES_MAX:
            raise FieldError("faults", "too many rules", f"at most {_RULES_MAX}, done ones not counted")
        self._standing += added

    def clear(self) -> None:
        """Remove all rules."""
        self._standing.clear()

    def take(self, kind: FaultKind, path: str, now_ms: int) -> Fault | None:
        """Return the fault to be put in now, counted as put in; None for none."""
        self._standing = [standing for standing in self._standing if not standing.is_done(now_ms)]
        for standing in self._standing:
            rule = standing.rule
            if rule.fault.kind != kind or not path.startswith(rule.path):
                continue
            if standing.since_ms is None:
                standing.since_ms = now_ms
            if rule.share < 1 and self._random.random() >= rule.share:
                continue
            if standing.left is not None:
                standing.left -= 1
            return rule.fault
        return None
