"""The little of Jinja that stands in dbt files, read without running any of it."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LONGEST = 2000
"""Most characters of an expression that is looked into."""
_OPENS = re.compile(r"\{([{%#])")


@dataclass(frozen=True, slots=True)
class Code:
    """An expression or statement whose value only dbt knows."""

    text: str
    """As it stands in the file."""


Piece = str | Code
Call = Callable[[str, Sequence[str]], str | None]
"""Answers a function's name and arguments with its value; None where it has none."""


def is_template(text: str) -> bool:
    """Whether anything in it is not just text."""
    return _OPENS.search(text) is not None


def escape(text: str) -> str:
    """A template that Jinja turns into the text."""
    return _OPENS.sub(lambda found: "{{ '" + found[0] + "' }}", text)


def pieces(template: str, call: Call) -> list[Piece]:
    """The parts of a template: text, and code that has no value here.

    Args:
        template: the text with its Jinja.
        call: what answers the functions in it.
    """
    # Jinja takes 40 ms to import, and most descriptions hold none.
    if not is_template(template):
        return [template] if template else []
    from jinja2 import Environment, TemplateSyntaxError

    whole = Code(" ".join(template.split()))
    found: list[Piece] = []
    code: list[str] = []
    try:
        for _, kind, text in Environment(keep_trailing_newline=True).lex(template):
            if kind == "block_begin":
                return [whole]  # what it does to the rest of it, only dbt knows
            if code or kind == "variable_begin":
                code.append(text)
            elif kind == "data":
                found.append(text)
            if kind == "variable_end":
                value = _value("".join(code[1:-1]).strip(), call)
                found.append(_code(code) if value is None else value)
                code.clear()
    except TemplateSyntaxError:
        return [whole]
    if code:
        found.append(_code(code))
    return [piece for piece in found if piece]


def _code(tokens: Sequence[str]) -> Code:
    return Code(" ".join("".join(tokens).split()))


def _value(expression: str, call: Call) -> str | None:
    """What an expression of strings, `+` and known functions comes to."""
    if len(expression) > LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown escape such as \d
            # Such expressions of Jinja are expressions of Python too; it only parses.
            return _of(ast.parse(expression, mode="eval").body, call)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _of(node: ast.expr, call: Call) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            one, two = _of(left, call), _of(right, call)
            return None if one is None or two is None else one + two
        case ast.Call(func=ast.Name(id=name), args=given, keywords=named):
            values = [_of(each, call) for each in (*given, *(k.value for k in named))]
            known = [value for value in values if value is not None]
            # A default that is no text is none.
            enough = len(known) == len(values) or name in ("var", "env_var")
            return call(name, known) if values[:1] == known[:1] and enough else None
        case _:
            return None
