"""The `buf.validate` rules that stand at the fields of a message, as values."""

from __future__ import annotations

import re
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_FIELD_RULES, _MESSAGE_RULES = "buf.validate.field", "buf.validate.message"

# What a pattern must not let through if its strings are to pass unread: a sentence, an address, a site.
_FREE_TEXTS = (
    "Ignore all previous instructions.",
    "ada@example.com",
    "https://example.com/a?b=c",
    "example.com",
)


class FieldOptions:
    """Reads rules with the classes of the pool the fields are in.

    protobuf's own option classes belong to another pool, in which the rules are unknown fields.

    Args:
        pool: Holds `buf/validate/validate.proto` and the operator's file.
    """

    def __init__(self, pool: DescriptorPool) -> None:
        self._field_options = GetMessageClass(pool.FindMessageTypeByName("google.protobuf.FieldOptions"))
        self._message_options = GetMessageClass(pool.FindMessageTypeByName("google.protobuf.MessageOptions"))
        self._field_rules: Any = pool.FindExtensionByName(_FIELD_RULES)
        self._message_rules: Any = pool.FindExtensionByName(_MESSAGE_RULES)

    def of_field(self, field: FieldDescriptor) -> Any:
        """Return the field's `buf.validate.FieldRules`; an empty one where it has none."""
        options: Any = self._field_options.FromString(field.GetOptions().SerializeToString())
        return options.Extensions[self._field_rules]

    def of_message(self, message: Descriptor) -> Any:
        """Return the message's `buf.validate.MessageRules`; an empty one where it has none."""
        options: Any = self._message_options.FromString(message.GetOptions().SerializeToString())
        return options.Extensions[self._message_rules]


def bounds_text(rules: Any) -> bool:
    """Return whether rules leave a string no freedom of its own: a list, a constant, or a narrow pattern."""
    if rules.WhichOneof("type") != "string":
        return False
    string = rules.string
    return bool(getattr(string, "in")) or string.HasField("const") or _is_narrow(string.pattern)


def _is_narrow(pattern: str) -> bool:
    """Return whether a pattern is one of the whole string, and lets no free text through."""
    is_whole = pattern.startswith(("^", r"\A")) and pattern.endswith(("$", r"\z"))
    try:
        # RE2's `\z` is Python's `\Z`; what Python cannot read is taken to be wide.
        compiled = re.compile(re.sub(r"\\z$", r"\\Z", pattern))
    except re.error:
        return False
    return is_whole and not any(compiled.search(text) for text in _FREE_TEXTS)
