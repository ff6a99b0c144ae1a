"""Formulas of a plan: the text that is shown is the text that is computed."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {"min": min, "max": max, "ceil": math.ceil}
_NAME = re.compile(r"\b[a-z][a-z_0-9]*(?:\.[a-z_0-9]+)?\b(?!\()")


def evaluate(formula: str, values: Mapping[str, float]) -> float:
    """Return what a formula comes to: numbers, names, + - * / **, min, max and ceil.

    Args:
        formula: Such as `users * active.share`; a name has a dot at most.
        values: The value of each name.

    Raises:
        KeyError: A name has no value.
        ValueError: It holds anything else.
    """
    return _value(_parsed(formula), values)


def names(formula: str) -> tuple[str, ...]:
    """Return the names in a formula, each once, in their order."""
    return tuple(dict.fromkeys(_NAME.findall(formula)))


def filled(formula: str, shown: Callable[[str], str]) -> str:
    """Return a formula for people, with what `shown` makes of each name in its place."""
    text = _NAME.sub(lambda found: shown(found[0]), formula)
    return text.replace("**", "^").replace("*", "×").replace(" - ", " − ")


@lru_cache(maxsize=1000)
def _parsed(formula: str) -> ast.expr:
    return ast.parse(formula, mode="eval").body


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return values[name]
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return values[f"{owner}.{name}"]
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            return _OPERATORS[type(sign)](_value(left, values), _value(right, values))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_value(argument, values) for argument in arguments))
    raise ValueError(f"a formula cannot hold {ast.unparse(node)}")
