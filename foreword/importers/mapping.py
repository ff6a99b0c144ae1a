"""Which column of a table becomes which field of an event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from foreword.errors import FieldError

TEXT_FIELDS = ("event_id", "user_id", "namespace", "type", "item_id", "text", "session_id")
FIELDS = (*TEXT_FIELDS, "time", "topics", "dwell", "value", "feedback")
_ATTRIBUTE = "attributes."
_ALLOWED = f"{', '.join(FIELDS)} or attributes.NAME"


class Rule(NamedTuple):
    """Where one field comes from."""

    field: str
    """A field of Event, or `attributes.NAME`."""
    source: str
    """The column's name, or the value itself."""
    is_constant: bool

    @property
    def attribute(self) -> str:
        """The attribute's name; empty for a field."""
        return self.field[len(_ATTRIBUTE) :] if self.field.startswith(_ATTRIBUTE) else ""


def parse_mapping(texts: Sequence[str]) -> list[Rule]:
    """Return the rules written as `field=column` or `field==value`.

    Raises:
        FieldError: A rule cannot be read, names no field, or names one twice.
    """
    rules = [_parse(text) for text in texts]
    fields = [rule.field for rule in rules]
    for field in fields:
        if fields.count(field) > 1:
            raise FieldError("--map", f"{field} twice", "each field once")
    return rules


def completed(rules: Sequence[Rule], columns: Sequence[str]) -> list[Rule]:
    """Return the rules, and for each unmapped field the column of its own name where there is one.

    Raises:
        FieldError: A column is not there, or nothing says who acted or what was done.
    """
    mapped = {rule.field for rule in rules}
    own = [Rule(field, field, False) for field in FIELDS if field in columns and field not in mapped]
    for rule in rules:
        if not rule.is_constant and rule.source not in columns:
            raise FieldError("--map", f"{rule.field}={rule.source}", f"a column: {', '.join(columns)}")
    for field, example in (("user_id", "user_id=COLUMN"), ("type", "type==read")):
        if field not in mapped | {rule.field for rule in own}:
            allowed = f"a column or a value for it, such as {example}; columns are {', '.join(columns)}"
            raise FieldError("--map", f"nothing for {field}", allowed)
    return [*rules, *own]


def _parse(text: str) -> Rule:
    field, equals, source = text.partition("=")
    is_constant = source.startswith("=")
    if not equals or not source.removeprefix("="):
        raise FieldError(
            "--map", repr(text), "field=column or field==value, such as user_id=userId or type==rate"
        )
    rule = Rule(field.strip(), source[1:] if is_constant else source.strip(), is_constant)
    if field not in FIELDS and not rule.attribute:
        raise FieldError("--map", repr(field), _ALLOWED)
    return rule
