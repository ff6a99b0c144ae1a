"""What a caller may pass."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from foreword import arguments
from foreword.errors import FieldError


class Three:
    """A whole number of another library's, as numpy's are."""

    def __index__(self) -> int:
        return 3


@pytest.mark.parametrize(
    ("check", "value", "result"),
    [
        (arguments.text, "é", "é"),
        (arguments.texts, ("a", "b"), ["a", "b"]),
        (arguments.texts, iter(["a"]), ["a"]),
        (arguments.texts, [], []),
        (arguments.tokens, 1, 1),
        (arguments.tokens, Three(), 3),
        (arguments.tokens, 0, 0),
        (arguments.tokens, 10**30, arguments.UINT32_MAX),
        (arguments.number, 2, 2.0),
        (arguments.seconds, 0.5, 0.5),
        (arguments.attributes, {"a": "b"}, {"a": "b"}),
        (arguments.vector, [1, 0.5], array("d", [1, 0.5])),
        (arguments.vector, (number for number in (1, 2)), array("d", [1, 2])),
    ],
)
def test_values_of_the_right_kind_are_taken(check: Callable[..., Any], value: Any, result: Any) -> None:
    """What means the same is taken, whatever its type is called."""
    assert check("it", value) == result


@pytest.mark.parametrize(
    ("check", "value", "found", "allowed"),
    [
        (arguments.text, 5, "5 (int)", "text"),
        (arguments.text, None, "None", "text"),
        (arguments.text, b"ada", "b'ada' (bytes)", "text"),
        (arguments.text, "\ud800", "'\\ud800' (str)", "text that UTF-8 can hold, without lone surrogates"),
        (arguments.texts, "python", "'python' (str)", "a list of texts"),
        (arguments.texts, b"python", "b'python' (bytes)", "a list of texts"),
        (arguments.texts, {"a": 1}, "{'a': 1} (dict)", "a list of texts"),
        (arguments.texts, 5, "5 (int)", "a list of texts"),
        (arguments.tokens, -1, "-1 (int)", "a whole number of tokens, 0 or more"),
        (arguments.tokens, "60", "'60' (str)", "a whole number of tokens, 0 or more"),
        (arguments.tokens, True, "True (bool)", "a whole number of tokens, 0 or more"),
        (arguments.tokens, 60.0, "60.0 (float)", "a whole number of tokens, 0 or more"),
        (arguments.number, "5", "'5' (str)", "a number"),
        (arguments.attributes, "a", "'a' (str)", "a mapping of text to text"),
        (arguments.vector, "12", "'12' (str)", "a list of numbers"),
        (arguments.vector, b"12345678", "b'12345678' (bytes)", "a list of numbers"),
        (arguments.vector, [1, "2"], "[1, '2'] (list)", "a list of numbers"),
        (arguments.vector, 5, "5 (int)", "a list of numbers"),
        (arguments.number, True, "True (bool)", "a number"),
        (arguments.number, Decimal(5), "Decimal('5') (Decimal)", "a number"),
        (arguments.seconds, float("nan"), "nan (float)", "a number of seconds"),
        (arguments.seconds, 1e10, "10000000000.0 (float)", "a number of seconds"),
    ],
)
def test_values_of_the_wrong_kind_are_refused(
    check: Callable[..., Any], value: Any, found: str, allowed: str
) -> None:
    """The error names the field, what was found and what is allowed."""
    with pytest.raises(FieldError) as caught:
        check("it", value)
    assert (caught.value.field, caught.value.found, caught.value.allowed) == ("it", found, allowed)


def test_one_of_several_texts_is_named_by_its_place() -> None:
    """A list with something else in it names the place."""
    with pytest.raises(FieldError) as caught:
        arguments.texts("topics", ["a", 5])
    assert caught.value.field == "topics[1]"


def test_long_values_are_cut() -> None:
    """An error does not repeat someone's whole text."""
    with pytest.raises(FieldError) as caught:
        arguments.number("value", "x" * 10_000)
    assert len(caught.value.found) < 60


@pytest.mark.parametrize(
    ("check", "value", "hint"),
    [
        (arguments.text, 5, "write '5'"),
        (arguments.texts, "python", "write ['python']"),
        (arguments.text, None, ""),
        (arguments.texts, "a" * 41, ""),
    ],
)
def test_what_was_probably_meant_is_a_hint(check: Callable[..., Any], value: Any, hint: str) -> None:
    """The error says what to write instead where that is plain."""
    with pytest.raises(FieldError) as caught:
        check("it", value)
    assert caught.value.hint == hint
