"""Teachers: who writes the descriptions that a model shall learn.

The built-in writer's texts come with every synthesized table. A language model, local
or behind an endpoint, can be asked for its own; what it says passes the checks and the
house style, or the built-in writer's text stays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from catalog.objects import Profile, Table, Target, column_of
from model.checks import find
from model.prompts import long
from model.training.corpus import codes_of_record, table_of_record

if TYPE_CHECKING:
    from model.engine import Engine

SHORTEST, LONGEST = 2, 40
"""Words of a text in house style."""

_TALK = re.compile(
    r"^(this|the) (column|table|field|attribute)\b|\b(i|you|we|as an ai|note that)\b",
    re.IGNORECASE,
)


class Teacher(Protocol):
    """Writes texts for tables.

    Attributes:
        name: what examples are signed with.
    """

    name: str

    def teach(
        self, table: Table, targets: Sequence[Target], profiles: dict[str, Profile]
    ) -> Iterator[tuple[Target, str]]:
        """A text for each target that the teacher has something to say about."""
        ...


class BuiltinTeacher:
    """The rules and hand-written texts: leaves every table as it was synthesized."""

    name = "builtin"

    def teach(
        self, table: Table, targets: Sequence[Target], profiles: dict[str, Profile]
    ) -> Iterator[tuple[Target, str]]:
        """Nothing to add: the texts are in the record already."""
        return iter(())


class EngineTeacher:
    """A local instruct model, asked with the long prompt.

    Args:
        engine: the running model.
        name: what examples are signed with.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self.name = name

    def teach(
        self, table: Table, targets: Sequence[Target], profiles: dict[str, Profile]
    ) -> Iterator[tuple[Target, str]]:
        """A text for each target, as the model ends them."""
        facts = self._engine.start()
        asked = long.long_prompts(
            table,
            targets,
            profiles,
            template=facts.chat_template,
            bos=facts.bos,
            eos=facts.eos,
        )
        for generation in self._engine.generate(prompt for prompt, _ in asked):
            if generation.complete:
                target = asked[generation.prompt][1][generation.block]
                yield target, long.finish(generation.text)


class EndpointTeacher:
    """A model behind an OpenAI-compatible endpoint.

    Args:
        ask: answers one user turn, given its text.
        name: what examples are signed with.
    """

    def __init__(self, ask: Callable[[str], str], name: str) -> None:
        self._ask = ask
        self.name = name

    def teach(
        self, table: Table, targets: Sequence[Target], profiles: dict[str, Profile]
    ) -> Iterator[tuple[Target, str]]:
        """A text for each target, one question each."""
        for target in targets:
            content = (
                f"{long.instructions()}\n\n{long.outline(table, profiles)}\n\n"
                f"{_question(table, target)}"
            )
            if text := long.finish(self._ask(content)):
                yield target, text


def _question(table: Table, target: Target) -> str:
    name = column_of(target)
    if name is None:
        return f"Describe the table {long.neutral(table.id.name)}."
    return f"Describe the column {long.neutral(name)} of {long.neutral(table.id.name)}."


@dataclass(slots=True)
class Taught:
    """How a teacher's texts fared."""

    accepted: int = 0
    """Texts of the teacher that were taken."""
    refused: Counter[str] = field(default_factory=Counter)
    """Texts that were not, by reason; the built-in writer's stand in their place."""
    silent: int = 0
    """Targets that the teacher said nothing usable about."""


def apply_teacher(
    teacher: Teacher, record: dict[str, Any], taught: Taught
) -> dict[str, Any]:
    """The record with the teacher's texts where they pass, else as it was."""
    if isinstance(teacher, BuiltinTeacher):
        return record
    table = table_of_record(record)
    codes = codes_of_record(record)
    profiles = {name: Profile(0, 0.0, 0, codes=found) for name, found in codes.items()}
    columns = {column["name"]: dict(column) for column in record["columns"]}
    new = {**record, "columns": list(columns.values()), "teacher": teacher.name}
    said = {column["description"].lower() for column in record["columns"]}
    answered: set[Target] = set()
    for target, text in teacher.teach(table, table.targets(), profiles):
        answered.add(target)
        name = column_of(target)
        reason = fault(text, table, target, profiles.get(name or ""))
        if reason is None and text.lower() in said:
            reason = "said twice"
        if reason is not None:
            taught.refused[reason] += 1
            continue
        taught.accepted += 1
        said.add(text.lower())
        if name is None:
            new["description"] = text
        else:
            columns[name]["description"] = text
    taught.silent += len(table.targets()) - len(answered)
    return new


def fault(
    text: str, table: Table, target: Target, profile: Profile | None
) -> str | None:
    """Why a text cannot be learned from, or None."""
    words = text.split()
    if not SHORTEST <= len(words) <= LONGEST:
        return "length"
    if not text[0].isupper() or text[-1] != "." or "\n" in text:
        return "house style"
    if _TALK.search(text):
        return "talk"
    found = find(text, table, target, profile)
    return found[0].value if found else None
