"""The baseline that a system has to beat: the name made human, and nothing else.

Names are cut and expanded and put into a template by type, suffix and reference. It is
frozen, apart from `model.rules` on purpose: rules that get better must not raise the
bar that they are measured against, and figures of different versions stay comparable.
Its abbreviations are in `baseline.csv`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from model.names import word_set

_CAPITALS = {
    **{
        word.lower(): word
        for word in word_set(
            "ID URL URI IP API ICD ICU AP AR UUID JSON XML HTML GUID SKU SQL UTC"
        )
    },
    "gl": "general ledger",
}
_COMMON = word_set(
    "account address agency amount application approval area balance batch bill "
    "billing book business calendar candidate card care carrier category change city "
    "class close code committee company concept condition contact cost count country "
    "created credit currency customer date datetime deleted department desc "
    "description discount document due email employee end entity event exposure fare "
    "feature field first flag from group guide head history hourly identifier image "
    "invoice item job key label last leave level line list location manager "
    "measurement member method model modified month name no note number object order "
    "organization owner page paid parent party path pay payment period person phone "
    "plan policy position posted price primary product profile program project "
    "purchase quantity rate reason record reference region report request result "
    "return role route row sales schedule section sequence service ship source staff "
    "start state status step stop store sub subject task tax term text time title to "
    "total transaction transfer trip type unit update updated user value vendor "
    "version visit when work worker year zip zone"
)
"""Words that a run of letters is cut into."""
_LONGEST_FIRST = sorted(_COMMON, key=lambda word: (-len(word), word))
_LAYERS = word_set("tbl vw mv fact dim stg tmp")
"""Words of a table's name that tell its layer."""
_FLAGS = word_set("flag flg ind indicator")
_AMOUNTS = word_set("amount amt total price cost balance rate fee tax")
_MONEY = word_set("amount amt price cost balance fee")
_KINDS = word_set("code cd type tp status state category")
_SKIPPED = re.compile(
    r"^_|(^|_)(id|key|guid|rowguid|idx)$|modified|created|updated", re.IGNORECASE
)
"""Columns that a table's sentence does not name."""
_RUN = 8
"""Longer runs of letters are cut."""


@cache
def _abbreviations() -> dict[str, str]:
    path = Path(__file__).parent / "baseline.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["short"]: row["long"] for row in csv.DictReader(file)}


def describe_table(table: str, columns: Sequence[str]) -> str:
    """A sentence for a table from its name and those of its first columns."""
    telling = [
        name
        for name in columns
        if not _SKIPPED.search(name) and not re.search(r"[a-z]ID$", name)
    ]
    named = [_human(_split(name)) for name in telling[:3] or columns[:3]]
    listed = f"{', '.join(named[:-1])} and {named[-1]}" if named[1:] else "".join(named)
    return f"Stores {_noun(table)} records, including {listed}."


def describe_column(name: str, kind: str, table: str, reference: str | None) -> str:
    """A sentence for a column.

    Args:
        name: of the column.
        kind: the text of its type; empty where it is not known.
        table: the name of its table.
        reference: the table that it points at.
    """
    words = _split(name)
    noun = " ".join(_singular(word) for word in _noun(table).split())
    kind = kind.lower()
    last = words[-1] if words else ""
    if len(words) > 1 and words[0] in ("is", "has", "can", "was"):
        return f"Indicates whether the {noun} {words[0]} {_human(words[1:])}."
    if kind == "boolean" or last in _FLAGS:
        rest = _human([word for word in words if word not in _FLAGS] or words)
        return f"Flag indicating whether {rest} applies to the {noun}."
    if reference:
        role = _human([word for word in words if word != "id"] or words)
        return (
            f"References the {_noun(reference)} table; identifies the {role}"
            f" of the {noun}."
        )
    rest = _human(words[:-1])
    if last in ("id", "key", "guid", "uuid"):
        if not rest or rest in noun or noun in rest:
            return f"Unique identifier of the {rest or noun}."
        return f"Identifier of the {rest} associated with the {noun}."
    found = _by_last(last, rest, noun) if len(words) > 1 else None
    return found or _by_word(last, words, noun) or _by_kind(kind, words, noun)


def _by_last(last: str, rest: str, noun: str) -> str | None:
    """By a last word that needs another before it."""
    if last in ("at", "on"):
        return f"Date and time when the {noun} was {rest}."
    if last in ("date", "dt"):
        return f"Date of the {rest} of the {noun}."
    if last in ("time", "datetime", "timestamp", "ts", "tm"):
        return f"Date and time of the {rest} of the {noun}."
    if last == "by":
        return f"User by whom the {noun} was {rest}."
    if last in ("count", "cnt", "qty", "quantity"):
        return f"Number of {rest} for the {noun}."
    if last in ("num", "no", "number", "nbr"):
        return f"{_raised(rest)} number of the {noun}."
    if last in ("pct", "percent", "percentage"):
        return f"Percentage of {rest} of the {noun}."
    return None


def _by_word(last: str, words: list[str], noun: str) -> str | None:
    """By a last word that may be the only one."""
    rest, whole = _human(words[:-1]), _human(words)
    if last in _AMOUNTS:
        unit = ", in currency units" if last in _MONEY else ""
        return f"{_raised(whole)} of the {noun}{unit}."
    if last in _KINDS and len(words) > 1:
        return f"{_raised(whole)} that classifies the {noun}."
    if last in ("url", "uri", "link"):
        return f"Link to the {rest or noun} of the {noun}."
    if last in ("name", "nm"):
        return f"Name of the {rest or noun}."
    if last in ("desc", "description", "text", "note", "notes", "comment", "comments"):
        return f"Free-text {whole} of the {noun}."
    if last in ("lat", "latitude", "lon", "lng", "longitude"):
        return f"Geographic {whole} of the {noun} in degrees."
    return None


def _by_kind(kind: str, words: list[str], noun: str) -> str:
    """By the type, where no word tells."""
    whole = _human(words)
    if kind == "date":
        return f"Date of the {whole} of the {noun}."
    if kind.startswith("timestamp"):
        return f"Date and time of the {whole} of the {noun}."
    return f"{_raised(whole)} of the {noun}."


def _noun(table: str) -> str:
    words = _split(table)
    return _human([word for word in words if word not in _LAYERS] or words)


def _split(name: str) -> list[str]:
    """The lower-case words of an identifier; long runs are cut into common words."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", spaced)
    found: list[str] = []
    for word in re.findall(r"[A-Za-z]+|\d+", spaced):
        low = word.lower()
        long = len(low) > _RUN and low not in _abbreviations()
        found += _cut(low) if long else [low]
    return found


def _cut(run: str) -> list[str]:
    """The fewest common words that make up the run, at most four; else the run."""
    best: dict[int, list[str]] = {0: []}
    for start in range(len(run)):
        if start not in best:
            continue
        for word in _LONGEST_FIRST:
            end = start + len(word)
            if run.startswith(word, start) and (
                end not in best or len(best[start]) + 1 < len(best[end])
            ):
                best[end] = [*best[start], word]
    found = best.get(len(run))
    return found if found and 1 < len(found) <= 4 else [run]


def _human(words: Sequence[str]) -> str:
    return " ".join(_CAPITALS.get(w) or _abbreviations().get(w, w) for w in words)


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _raised(text: str) -> str:
    return text[:1].upper() + text[1:]
