"""A language model as a judge of two systems, asked twice with the order swapped.

It scores each documentation from 0 to 3 for correctness (60 %), comprehensiveness
(20 %) and readability (20 %), with two examples before it (after Zheng et al. 2023,
"Judging LLM-as-a-judge with MT-Bench and Chatbot Arena", which also found that judges
prefer what they are shown first, hence the swap). The vote is by the mean of both
orders; scores closer than a margin are a tie.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from catalog.stopping import Stop, never
from model import prompts
from model.evaluation.blind import Item
from model.evaluation.json_lines import read_lines
from model.evaluation.votes import Preference
from model.prompt import Prompt
from model.prompts.long import neutral
from model.writer import Writer, user_turn

MARGIN = 0.1
"""Scores closer than this are a tie, of 3; less than one criterion in one order."""
LIMIT = 600
"""Most tokens of an answer."""
LONGEST_TEXT = 400
"""Characters of a text that the judge is shown."""
AGAIN = 0.7
"""Temperature of the second try after an answer that cannot be read."""
WEIGHTS = {"correctness": 0.6, "comprehensiveness": 0.2, "readability": 0.2}


@dataclass(frozen=True, slots=True)
class Scores:
    """What the judge gives one documentation."""

    correctness: float
    """0 to 3: whether it is true."""
    comprehensiveness: float
    """0 to 3: whether it says what things mean."""
    readability: float
    """0 to 3: whether it reads well."""

    @property
    def weighted(self) -> float:
        """The weighted score, 0 to 3."""
        values = (self.correctness, self.comprehensiveness, self.readability)
        weights = WEIGHTS.values()
        return sum(w * v for w, v in zip(weights, values, strict=True))


@dataclass(frozen=True, slots=True)
class Judged:
    """What the judge said of one item."""

    item: str
    """The item."""
    model: str
    """The model that judged."""
    answers: tuple[str, str]
    """Its words: with a shown first, and with b shown first."""
    a: tuple[Scores | None, Scores | None]
    """Scores of side a in both orders; None where an answer cannot be read."""
    b: tuple[Scores | None, Scores | None]
    """Scores of side b in both orders."""

    def leads(self) -> tuple[float, float] | None:
        """How much better a is than b in each order; None where one is missing."""
        if not (self.a[0] and self.a[1] and self.b[0] and self.b[1]):
            return None
        return (
            self.a[0].weighted - self.b[0].weighted,
            self.a[1].weighted - self.b[1].weighted,
        )

    def choice(self, margin: float) -> Preference | None:
        """The vote; None where an answer is missing."""
        leads = self.leads()
        if leads is None:
            return None
        mean = sum(leads) / 2
        if abs(mean) <= margin + 1e-9:
            return Preference.TIE
        return Preference.A if mean > 0 else Preference.B


@cache
def instructions() -> str:
    """The rubric and the examples."""
    path = Path(prompts.__file__).parent / "judge.txt"
    return path.read_text(encoding="utf-8").strip()


def questions(item: Item) -> tuple[str, tuple[str, str]]:
    """Rubric, examples and table; then both documentations, a first and b first."""
    lines = [f"Table {_shown(item.table)}"]
    for line in item.lines:
        if line.column is not None:
            notes = f" [{_shown(line.notes)}]" if line.notes else ""
            lines.append(
                f"- {_shown(line.column)} {_shown(line.type)}".rstrip() + notes
            )
    a = [(line.column, line.texts[0]) for line in item.lines]
    b = [(line.column, line.texts[1]) for line in item.lines]
    shared = f"{instructions()}\n\n" + "\n".join(lines) + "\n"
    return shared, (_documentations(a, b), _documentations(b, a))


def _documentations(*sides: Sequence[tuple[str | None, str | None]]) -> str:
    lines = []
    for number, side in enumerate(sides, 1):
        lines.append(f"Documentation {number}")
        lines += [
            f"- {'table' if name is None else _shown(name)}:"
            f" {_shown(text) if text else '(no text)'}"
            for name, text in side
        ]
    return "\n".join([*lines, "Answer"])


def _shown(text: str) -> str:
    """Text of others: data on one line that cannot pass for anything else."""
    return neutral(text)[:LONGEST_TEXT]


_CRITERION = re.compile(
    rf"\b({'|'.join(WEIGHTS)})\b[^\d\n-]{{0,20}}(\d+(?:\.\d+)?)", re.IGNORECASE
)


def read_answer(text: str) -> tuple[Scores, Scores] | None:
    """Scores of the first and the second documentation shown, or None.

    The last JSON object with both is taken; else the criteria, named in turn with a
    number each, as lines have them.
    """
    text = text.rpartition("</think>")[2]
    found = None
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            data, _ = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        found = _from_json(data) or found
    if found is not None:
        return found
    named = _CRITERION.findall(text)
    if [name.lower() for name, _ in named] != [*WEIGHTS, *WEIGHTS]:
        return None
    values = [float(value) for _, value in named]
    one, other = _scores(values[:3]), _scores(values[3:])
    return (one, other) if one and other else None


def _from_json(data: object) -> tuple[Scores, Scores] | None:
    if not isinstance(data, dict):
        return None
    sides: dict[str, Scores] = {}
    for key, value in data.items():
        number = re.fullmatch(r"(?:doc\w*[ _-]?)?([12])", str(key).strip().lower())
        if number is None or not isinstance(value, dict):
            continue
        low = {str(name).lower(): each for name, each in value.items()}
        scores = _scores([low.get(name) for name in WEIGHTS])
        if scores is not None:
            sides[number.group(1)] = scores
    return (sides["1"], sides["2"]) if len(sides) == 2 else None


def _scores(values: Sequence[object]) -> Scores | None:
    numbers = [v for v in values if isinstance(v, int | float) and 0 <= v <= 3]
    if len(numbers) != len(WEIGHTS) or any(isinstance(v, bool) for v in numbers):
        return None
    return Scores(*map(float, numbers))


def judge(
    items: Sequence[Item],
    writer: Writer,
    model: str,
    *,
    stop: Stop = never,
) -> Iterator[Judged]:
    """Every item's scores as they are ready; unreadable answers are asked for again.

    Args:
        items: what to judge.
        writer: a running instruct model.
        model: what it is called.
        stop: ends its work within a step.
    """
    said: list[list[str | None]] = [[None, None] for _ in items]
    wanted = {number: [0, 1] for number in range(len(items))}
    for temperature in (0.0, AGAIN):
        asked = list(wanted.items())
        wanted = {}
        prompts = (
            _prompt(items[number], orders, writer, temperature)
            for number, orders in asked
        )
        for generation in writer.generate(prompts, stop=stop):
            number, orders = asked[generation.prompt]
            order = orders[generation.block]
            if not temperature and read_answer(generation.text) is None:
                wanted.setdefault(number, []).append(order)
                continue
            said[number][order] = generation.text
            first, second = said[number]
            if first is not None and second is not None:
                one, other = read_answer(first), read_answer(second)
                yield Judged(
                    items[number].item,
                    model,
                    (first, second),
                    a=(one[0] if one else None, other[1] if other else None),
                    b=(one[1] if one else None, other[0] if other else None),
                )
        if stop():
            return


def _prompt(
    item: Item, orders: Sequence[int], writer: Writer, temperature: float
) -> Prompt:
    """The questions on an item in these orders, which share its head."""
    shared, both = questions(item)
    blocks = [both[order] for order in orders]
    return user_turn(writer, shared, blocks, limit=LIMIT, temperature=temperature)


def position(judged: Sequence[Judged]) -> dict[str, float | int | None]:
    """How much the order mattered.

    `bias` is the mean advantage of what was shown first, of 3; `turned` the share of
    items on which the two orders preferred different sides.
    """
    leads = [found for each in judged if (found := each.leads())]
    if not leads:
        return {"items": 0, "bias": None, "turned": None}
    return {
        "items": len(leads),
        "bias": round(sum(one - other for one, other in leads) / 2 / len(leads), 4),
        "turned": round(sum(one * other < 0 for one, other in leads) / len(leads), 4),
    }


def read_judged(path: Path) -> dict[str, Judged]:
    """What a judge's file has, by item; the last line on an item counts.

    Raises:
        ColumnistError: it is damaged.
    """
    if not path.exists():
        return {}
    hint = "Remove the file and judge again."
    return {judged.item: judged for judged in read_lines(path, Judged, hint)}
