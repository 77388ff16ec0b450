"""What msgspec found wrong in a file, in our words.

The kinds of a file's fields say what they must be, in their descriptions. Of the file
itself nothing is repeated but the name of a field that is unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

import msgspec


@dataclass(frozen=True, slots=True)
class Mistake:
    """The first thing that is wrong."""

    place: tuple[str, ...]
    """Fields on the way to it, an item of a list with its index, as in `items[0]`."""
    what: str
    """In a few words."""
    unknown: str | None = None
    """The field that does not belong there, if that is it."""
    known: tuple[str, ...] = ()
    """The fields that do."""


def mistake(kind: Any, error: msgspec.ValidationError) -> Mistake:
    """What is wrong with something that should have been of a kind."""
    said = str(error)
    place: tuple[str, ...] = ()
    if found := re.search(r" - at `\$\.?([\w.\[\]]+)`$", said):
        said, place = said[: found.start()], tuple(found[1].split("."))
    for name in place:
        hints = get_type_hints(_struct(kind), include_extras=True)
        kind = hints.get(name.partition("[")[0], kind)
    where = ".".join(place)[:80] or "it"
    if field := re.search(r"unknown field `(.*)`", said, re.DOTALL):
        what = f"{where} has a field that does not belong there"
        return Mistake(place, what, field[1], _struct(kind).__struct_fields__)
    if field := re.search(r"required field `(.*)`", said):
        return Mistake(place, f"{where} has no {field[1]}")
    most = re.search(r"<= ([\d.]+)$", said)
    if most and "length" not in said:
        return Mistake(place, f"{where} must be at most {most[1]}")
    if must := _described(kind):
        whole = re.sub(r"\[\d+\]$", "", where)
        return Mistake(place, f"{whole} must be {must}")
    if said.startswith("Invalid enum value"):
        return Mistake(place, f"{where} is none that is known")
    return Mistake(place, f"{where}: {said[:1].lower()}{said[1:]}")


def _described(kind: Any) -> str:
    """What a kind's own description, or one within it, says."""
    if isinstance(kind, msgspec.Meta):
        return kind.description or ""
    within = [_described(each) for each in reversed(get_args(kind))]
    return next(filter(None, within), "")


def _struct(kind: Any) -> Any:
    """The Struct that a kind is, or is made of."""
    found = filter(None, map(_struct, get_args(kind)))
    return kind if hasattr(kind, "__struct_fields__") else next(found, None)
