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
_WITHIN = re.compile(
    r"""(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|(?![%}]\})[^'"])*""", re.DOTALL
)
"""What stands between the braces; braces in its strings close nothing."""
_RAW_ENDS = re.compile(r"\{%-?\s*endraw\s*-?%\}")


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
    found: list[Piece] = []
    at = 0
    strips = False
    while opens := _OPENS.search(template, at):
        before = template[at : opens.start()]
        ends, inner = _inner(template, opens)
        code = template[opens.start() : ends]
        found.append(_stripped(before, left=strips, right=inner.startswith("-")))
        strips = inner.endswith("-")
        at = ends
        inner = inner.strip("-+").strip()
        if opens[1] == "{":
            value = _value(inner, call)
            found.append(Code(" ".join(code.split())) if value is None else value)
        elif opens[1] == "%" and inner == "raw":
            closing = _RAW_ENDS.search(template, ends)
            if closing is None:
                return [Code(template)]
            found.append(template[ends : closing.start()])
            at = closing.end()
            strips = closing[0].endswith("-%}")
        elif opens[1] == "%" or not code[2:].endswith("#}"):
            # Whatever a statement does to the rest of it, only dbt knows.
            return [Code(" ".join(template.split()))]
    found.append(_stripped(template[at:], left=strips, right=False))
    return [piece for piece in found if piece]


def _inner(template: str, opens: re.Match[str]) -> tuple[int, str]:
    """Where a tag that opens there ends, and what is in it; nothing if nowhere."""
    if opens[1] == "#":
        stop = template.find("#}", opens.end())
    else:
        within = _WITHIN.match(template, opens.end())
        stop = within.end() if within else -1
        if template[stop : stop + 2] != {"{": "}}", "%": "%}"}[opens[1]]:
            stop = -1
    if stop < 0:
        return len(template), ""
    return stop + 2, template[opens.end() : stop]


def _stripped(text: str, *, left: bool, right: bool) -> str:
    text = text.lstrip() if left else text
    return text.rstrip() if right else text


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
