"""The long prompt: instructions and a table, through a model's own chat template.

For any instruct model that was not made for this job. The instructions have at most
350 tokens; everything up to the question is the same for all columns of a table, so it
is the head that they share.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from catalog.objects import Profile, Table, TableId, Target
from catalog.profiles import looked_at
from model.names import capital
from model.prompt import Prompt
from model.template import QUESTION, Template, turn

COLUMNS_A_RUN = 60
"""Columns that share one head; a wider table is cut into runs."""
LIMIT = 80
"""Most tokens of a description."""
LONGEST_COMMENT = 200


@cache
def instructions() -> str:
    """The fixed instructions."""
    return (Path(__file__).parent / "long.txt").read_text(encoding="utf-8").strip()


def long_prompts(
    table: Table,
    targets: Sequence[Target],
    profiles: Mapping[str, Profile],
    turn: Callable[[str], tuple[str, str]],
) -> list[tuple[Prompt, tuple[Target, ...]]]:
    """Prompts for a table's targets; block i of a prompt belongs to its target i.

    Args:
        table: what is described.
        targets: of it.
        profiles: its samples by column name.
        turn: cuts a user's turn in two at `QUESTION`, as the engine takes it.
    """
    prompts = []
    for start in range(0, len(targets), COLUMNS_A_RUN):
        run = tuple(targets[start : start + COLUMNS_A_RUN])
        shown = {target.name for target in run if not isinstance(target, TableId)}
        head, tail = turn(
            f"{instructions()}\n\n{outline(table, profiles, shown)}\n\n{QUESTION}"
        )
        blocks = tuple(_question(table, target) + tail for target in run)
        prompts.append((Prompt(head, blocks, LIMIT, stops=("\n",)), run))
    return prompts


def outline(
    table: Table, profiles: Mapping[str, Profile], shown: set[str] | None = None
) -> str:
    """The table as a line for itself and one for each column shown, keys always."""
    keys = {*table.primary_key} | {c for key in table.foreign_keys for c in key.columns}
    lines = [f"Table {neutral(str(table.id))} ({table.kind.value})"]
    if table.comment:
        lines[0] += f": {neutral(table.comment)[:LONGEST_COMMENT]}"
    for column in table.columns:
        if shown and column.name not in shown and column.name not in keys:
            continue
        notes = []
        if column.name in table.primary_key:
            shared = table.is_part_of_key(column.name)
            notes.append("part of the primary key" if shared else "primary key")
        if key := table.foreign_key_of(column.name):
            others = [neutral(name) for name in key.columns if name != column.name]
            beside = f"with {', '.join(others)} " if others else ""
            notes.append(f"{beside}references {neutral(str(key.references))}")
        profile = profiles.get(column.name)
        if profile and profile.codes:
            codes = ", ".join(neutral(code) for code in profile.codes[:12])
            notes.append(f"codes: {codes}")
        elif profile and profile.minimum is not None:
            low, high = neutral(profile.minimum), neutral(profile.maximum or "")
            notes.append(f"from {low} to {high} in {looked_at(profile, table)}")
        if column.comment:
            notes.append(f"documented: {neutral(column.comment)[:LONGEST_COMMENT]}")
        line = f"- {neutral(column.name)} {neutral(column.type)}"
        lines.append(f"{line} [{'; '.join(notes)}]" if notes else line)
    return "\n".join(lines)


def render_chat(
    content: str, *, template: str | None, bos: str, eos: str
) -> tuple[str, str]:
    """A user turn through a chat template, cut in two at `QUESTION`.

    Without a template, a plain question and answer.

    Raises:
        ColumnistError: the template cannot be rendered.
    """
    before, _, after = content.partition(QUESTION)
    if template is None:
        return bos + before, f"{after}\n\nDescription:"
    around = turn(Template(template, bos, eos))
    return around.head + before, after + around.tail


def neutral(text: str) -> str:
    """Text from a database, on one line, unable to pass for a special token.

    Models have many: `<|im_end|>`, `</s>`, `<end_of_turn>`, `[/INST]`, some with
    full-width bars. None keeps its bracket.
    """
    line = " ".join(text.split()).replace("<", "\u2039").replace("\uff5c", "|")
    return re.sub(r"\[(?=/?[A-Z_]+\])", "(", line).replace(QUESTION[0], "")


def finish(raw: str) -> str:
    """The answer in house style; empty where the model said that it cannot tell."""
    text = " ".join(raw.split()).strip().strip('"').strip()
    if text.rstrip(".").lower() in ("unknown", "description: unknown", ""):
        return ""
    text = capital(text.removeprefix("Description:").strip())
    return text if text.endswith((".", "!", "?")) else text + "."


def _question(table: Table, target: Target) -> str:
    if isinstance(target, TableId):
        return f"Describe the table {neutral(target.name)}."
    return f"Describe the column {neutral(target.name)} of {neutral(table.id.name)}."
