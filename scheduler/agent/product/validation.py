"""The one door to protovalidate: what breaks the rules that stand in a .proto file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

from foreword.errors import FieldError, MissingExtraError

if TYPE_CHECKING:
    from types import ModuleType

EXTRA = "product"


class Rules:
    """Checks messages against their `buf.validate` rules; compiles the rules of a type once.

    Raises:
        MissingExtraError: The extra `product` is not installed.
    """

    def __init__(self) -> None:
        self._library = _library()
        self._validator = self._library.Validator()

    def faults(self, message: Message) -> list[str]:
        """Return what breaks a rule, a sentence each, with the field's path in front."""
        try:
            return sorted(_sentence(violation) for violation in self._violations(message))
        except FieldError as error:
            # A rule that holds for an empty message may still fail on a value, as one that divides by it.
            return [str(error)]

    def required(self, empty: Message) -> list[str]:
        """Return the fields without which a message breaks a rule.

        Beside those marked `required`: where an empty value is told from none by nothing, the rules hold for it too,
        so that a string of a given list must be there.

        Raises:
            FieldError: A rule itself cannot be used.
        """
        paths = [violation.field.elements for violation in self._violations(empty) if violation.field]
        names = {path[0].field_name for path in paths}
        # protovalidate's own order differs from run to run, and the schema stands in front of a prompt cache.
        return [field.name for field in empty.DESCRIPTOR.fields if field.name in names]

    def _violations(self, message: Message) -> list[Any]:
        try:
            return [violation.proto for violation in self._validator.collect_violations(message)]
        except (self._library.CompilationError, self._library.EvaluationError) as exc:
            raise FieldError(
                message.DESCRIPTOR.full_name, f"a rule that cannot be used ({exc})", "buf.validate rules"
            ) from exc


def rules_files() -> list[bytes]:
    """Return the serialized descriptor of `buf/validate/validate.proto`, after those it imports.

    Raises:
        MissingExtraError: The extra `product` is not installed.
    """
    found: dict[str, bytes] = {}
    _collect(_library().ViolationPb.desc().file, found)
    return list(found.values())


def _collect(file: Any, found: dict[str, bytes]) -> None:
    for imported in file.dependencies:
        if imported.name not in found:
            _collect(imported, found)
    found[file.name] = file.proto.to_binary()


def _library() -> ModuleType:
    try:
        import protovalidate
    except ImportError as exc:
        raise MissingExtraError("agent.product", EXTRA) from exc
    return protovalidate


def _sentence(violation: Any) -> str:
    path = "".join(_elements(violation.field.elements)) if violation.field else ""
    said = violation.message or violation.rule_id
    return f"{path.lstrip('.')}: {said}" if path else said


def _elements(elements: Any) -> Iterator[str]:
    for element in elements:
        yield f".{element.field_name}"
        if element.subscript is not None:
            yield f"[{element.subscript.value!r}]"
