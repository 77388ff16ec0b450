"""A teacher: a large model that invents tables and describes them in the house style.

It is asked with a brief and a specification and answers with JSON. Whatever comes back
is anybody's: an answer that breaks the brief is asked for once more, with the reason,
and then dropped and counted.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from catalog.errors import ColumnistError
from catalog.stopping import Stop, never
from model.checks import NUMBER, schema_text
from model.lexicon import word_set
from model.prompt import TURN, Prompt
from model.prompts import long
from model.teacher_set import Described, described
from model.training.specification import Specification
from model.writer import Writer, user_turn

LIMIT = 2600
"""Most tokens of an answer: 26 columns with their texts, and some to spare."""
TEMPERATURE = 0.7
"""Greedy answers are alike; hotter ones are no JSON."""
SHORTEST, LONGEST = 8, 400
"""Characters of a description."""
FEWEST, MOST = 3, 40
"""Columns of a table."""
TRIES = 2
"""How often a table is asked for."""

_NAME = re.compile(r"[!-~](?:[ -~]{0,126}[!-~])?")
_OPENING = re.compile(
    r"(?:this|the) (?:column|table|field|attribute)\b|contains\b", re.IGNORECASE
)
_REFERS = re.compile(
    r"\b(?:refers to|references) (?:the|an?|its|another)\b|\bforeign key to\b",
    re.IGNORECASE,
)
_VENDORS = word_set(
    "amazon asana databricks facebook fivetran github google hubspot instagram jira "
    "klaviyo linkedin mailchimp marketo microsoft netsuite pardot pinterest quickbooks "
    "salesforce servicenow shopify snapchat snowflake tiktok twilio twitter xero "
    "workday youtube zendesk zuora"
)


class BadAnswerError(Exception):
    """An answer that nothing is learned from; the message is the reason."""


@dataclass(slots=True)
class Taught:
    """How a teacher's answers fared."""

    written: int = 0
    """Tables that were taken."""
    columns: int = 0
    """Their columns."""
    again: int = 0
    """Answers that were asked for once more."""
    faults: Counter[str] = field(default_factory=Counter[str])
    """Bad answers by reason."""
    dropped: int = 0
    """Tables that were given up."""


def teach(
    engine: Writer,
    name: str,
    wanted: Iterable[Specification],
    taught: Taught,
    stop: Stop = never,
) -> Iterator[dict[str, Any] | None]:
    """A record for each specification, in the order in which they end.

    None stands for a table that was given up.

    Args:
        engine: the running teacher.
        name: what records are signed with.
        wanted: what to invent.
        taught: counts what comes.
        stop: asked while the teacher works.
    """
    source = iter(wanted)
    asked: list[tuple[Specification, int]] = []
    again: deque[tuple[Specification, int, str]] = deque()
    working = 0

    def questions() -> Iterator[Prompt | None]:
        nonlocal working
        while True:
            if again:
                specification, tries, fault = again.popleft()
            elif (following := next(source, None)) is not None:
                specification, tries, fault = following, 0, ""
            elif working:
                yield None
                continue
            else:
                return
            asked.append((specification, tries + 1))
            working += 1
            yield question(engine, specification, fault)

    for generation in engine.generate(questions(), stop=stop):
        if generation is TURN:
            continue
        working -= 1
        specification, tries = asked[generation.prompt]
        try:
            record = read_answer(generation.text, specification, name)
        except BadAnswerError as error:
            fault = str(error)
            if generation.logprob == -math.inf:
                fault = "longer than the model's context"
            elif fault == "no JSON" and not generation.complete:
                fault = "cut off"
            taught.faults[fault] += 1
            if tries < TRIES:
                taught.again += 1
                again.append((specification, tries, fault))
            else:
                taught.dropped += 1
                yield None
            continue
        taught.written += 1
        taught.columns += len(record["columns"])
        yield record


def question(engine: Writer, specification: Specification, fault: str = "") -> Prompt:
    """The brief and a specification as one user turn, in the model's own template."""
    wish = (
        f"Industry: {specification.industry}\n"
        f"Use case: {specification.use_case}\n"
        f"Layer: {specification.layer}\n"
        f"Way of naming: {specification.naming}\n"
        f"Dialect: {specification.dialect}\n"
        f"Columns: about {specification.columns}"
    )
    if fault:
        wish += f"\n\nAn earlier answer was of no use ({fault}). Mind the brief."
    return user_turn(
        engine, f"{brief()}\n\n", [wish], limit=LIMIT, temperature=TEMPERATURE
    )


@cache
def brief() -> str:
    """What a teacher is told of the house style."""
    file = Path(long.__file__).with_name("teach.txt")
    return file.read_text(encoding="utf-8").strip()


def read_answer(
    text: str, specification: Specification, teacher: str
) -> dict[str, Any]:
    """An answer as a record of the teacher set.

    Raises:
        BadAnswerError: it breaks the brief.
    """
    answer = _object(text.rpartition("</think>")[2])
    entries = answer.get("columns")
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise BadAnswerError("no table")
    if not FEWEST <= len(entries) <= MOST:
        raise BadAnswerError("too few or too many columns")
    record = {
        "id": specification.id,
        "industry": specification.industry,
        "use_case": specification.use_case,
        "layer": specification.layer,
        "naming": specification.naming,
        "dialect": specification.dialect,
        "teacher": teacher,
        "schema": answer.get("schema") or "",
        "table": answer.get("table"),
        "description": _plain(answer.get("description")),
        "columns": [_column(entry) for entry in entries],
    }
    names = [str(column["name"]).lower() for column in record["columns"]]
    if len(set(names)) < len(names):
        raise BadAnswerError("a column comes twice")
    try:
        found = described(record)
    except ColumnistError as error:
        raise BadAnswerError("no table") from error
    if reason := fault_of(found):
        raise BadAnswerError(reason)
    return record


def fault_of(found: Described) -> str | None:
    """Why nothing is to be learned from a described table, or None."""
    table = found.table
    names = [table.id.name, *(column.name for column in table.columns)]
    names += [key.references.name for key in table.foreign_keys]
    names += [n for n in (table.id.schema, *(c.type for c in table.columns)) if n]
    names += [code for codes in found.codes.values() for code in codes]
    if not all(map(_NAME.fullmatch, names)):
        return "a name is not plain"
    if len(found.texts) <= len(table.columns):
        return "a description is missing"
    shown = f"{schema_text(table)} {found.source}".lower()
    shown += " ".join(code for codes in found.codes.values() for code in codes).lower()
    for text in found.texts.values():
        if reason := fault_of_text(text, shown):
            return reason
    if len(set(found.texts.values())) < len(found.texts):
        return "a description comes twice"
    return None


def fault_of_text(text: str, shown: str) -> str | None:
    """Why a description breaks the brief, or None.

    Args:
        text: the description.
        shown: everything that the schema shows, in lower case.
    """
    if not text.isascii() or not text.isprintable() or "<|" in text:
        return "not plain ASCII"
    if not SHORTEST <= len(text) <= LONGEST:
        return "too short or too long"
    if not text.endswith(".") or text.endswith(".."):
        return "no full stop"
    first = text.split()[0]
    if first == first.lower() and not first[0].isdigit():
        return "no capital"
    if _OPENING.match(text):
        return "opens as it must not"
    if _REFERS.search(text):
        return "says what a key refers to"
    if any(
        word.lower() in _VENDORS and word.lower() not in shown
        for word in re.findall(r"\b[A-Z]\w+", text)
    ):
        return "names a vendor"
    if any(number not in shown for number in NUMBER.findall(text)):
        return "a number that nothing shows"
    return None


def _object(text: str) -> dict[str, Any]:
    """The first JSON object in an answer; what stands around it is talk."""
    start = text.find("{")
    try:
        found, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError, IndexError):
        raise BadAnswerError("no JSON") from None
    if not isinstance(found, dict):
        raise BadAnswerError("no table")
    return found


def _column(entry: dict[str, Any]) -> dict[str, Any]:
    """A column with what belongs there, and only where it says something."""
    column: dict[str, Any] = {"name": entry.get("name")}
    if entry.get("key") is True:
        column["key"] = True
    if entry.get("references"):
        column["references"] = entry["references"]
    column["type"] = entry.get("type") or ""
    if codes := entry.get("codes"):
        column["codes"] = list(map(str, codes)) if isinstance(codes, list) else codes
    column["description"] = _plain(entry.get("description"))
    return column


def _plain(text: Any) -> Any:
    """A text on one line; what is none stays as it is, for the check."""
    return " ".join(text.split()) if isinstance(text, str) else text
