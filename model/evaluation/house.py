"""Compares two models by what a house's stewards decided, and refits how one chooses.

The app's own `Drafter` drafts tables whose texts are known; a text is taken as it is
where it equals the known one. That is a lower bound: a steward may take another that
says the same. Two models are compared on the same tables with the same texts of the
house beside them, and the measure sees texts alone, not whose they are. The interval
is that of the paired bootstrap over whole tables (`measures.difference`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from catalog.edit_distance import levenshtein
from catalog.objects import Profile, TableId, Target, column_of, make_target, table_of
from catalog.stopping import Stop, never
from catalog.suggestion import Source
from model.choose import (
    Calibration,
    Candidate,
    Scale,
    Signs,
    WeightedSum,
    choose,
    signs_of,
    unlike,
)
from model.draft import Documented, Drafter, Job
from model.engine import Engine
from model.evaluation.measures import Scored, difference
from model.evaluation.records import DataRecord, Entry, Text, Texts
from model.library import ModelFile
from model.nearest import shipped
from model.rules import sure_sentence
from model.teacher_set import Described

SCALE_SPREAD, SHIFT_SPREAD = 0.25, 2.0
"""How far a calibration may leave the one before it: standard deviations of the slope
around 1 and of the shift around 0, in logits."""
LEAST_SURE = 10
"""With fewer sure sentences decided on, a house is taken to word things as rules do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model's owner is shown for a target whose text is known."""

    table: int
    """The number of its table."""
    target: Target
    """What is described."""
    wanted: str
    """The known text."""
    text: str | None
    """The text that is shown."""
    source: Source
    """Whose it is."""
    candidates: tuple[Candidate, ...] = ()
    """What it was chosen from; none where the catalog told it."""

    @property
    def accepted(self) -> bool:
        """Whether it is taken as it is."""
        return same(self.text, self.wanted)


def same(one: str | None, other: str | None) -> bool:
    """Whether two texts are one to a reader: white space and the last stop aside."""
    return one is not None and other is not None and _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


def own_style(tables: Iterable[Described]) -> bool:
    """Whether a house words it otherwise than the rules do where these are sure."""
    found = [
        same(sentence, text)
        for each in tables
        for column in each.table.columns
        if (text := each.texts.get(column.name))
        and (sentence := sure_sentence(each.table, column))
    ]
    return len(found) >= LEAST_SURE and sum(found) < len(found) / 2


def documented(tables: Iterable[Described]) -> Documented:
    """A database in which these texts stand as comments."""
    found = Documented()
    for each in tables:
        columns = (
            c._replace(comment=each.texts.get(c.name)) for c in each.table.columns
        )
        about = each.texts.get(None)
        found.add(replace(each.table, comment=about, columns=tuple(columns)))
    return found


def answers(
    engine: Engine,
    model: ModelFile,
    tables: Sequence[Described],
    beside: Documented,
    *,
    stop: Stop = never,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Answer]:
    """What the app shows of every target of these tables that has a text.

    Of tables with one name only the first is drafted, as copies tell nothing new.

    Args:
        engine: what runs the model.
        model: what is known of it.
        tables: with the texts that are wanted.
        beside: the texts of the house that the database has.
        stop: ends it within a decoding step.
        advance: told of each answer.

    Raises:
        ColumnistError: the model does not run.
    """
    places = {each.table.id: each for each in reversed(tables)}
    numbers = {table_id: number for number, table_id in enumerate(places)}
    jobs: list[Job] = []
    for each in places.values():
        profiles = {
            name: Profile(0, 0.0, len(codes), codes=codes)
            for name, codes in each.codes.items()
        }
        targets = tuple(make_target(*each.table.id, name) for name in each.texts)
        jobs.append(Job(each.table, targets, profiles))
    chosen_from: dict[Target, Sequence[Candidate]] = {}
    found: list[Answer] = []
    drafter = Drafter(
        engine,
        model,
        documented=beside,
        nearest=shipped(),
        seen=lambda _, target, candidates: chosen_from.update({target: candidates}),
    )
    for draft in drafter.draft(jobs, stop=stop):
        target = draft.target
        place = table_of(target)
        found.append(
            Answer(
                numbers[place],
                target,
                places[place].texts[column_of(target)],
                draft.text,
                draft.source,
                tuple(chosen_from.get(target, ())),
            )
        )
        advance(1)
    return found


# How texts are chosen


def chosen(
    found: Sequence[Answer], tables: Sequence[Described], calibration: Calibration
) -> list[Answer]:
    """The same answers as another calibration chooses them."""
    by_id = {each.table.id: each.table for each in reversed(tables)}
    used: dict[int, set[str]] = {}
    again: list[Answer] = []
    for each in found:
        if not each.candidates:
            again.append(each)
            continue
        said = used.setdefault(each.table, set())
        table = by_id[table_of(each.target)]
        text = choose(unlike(each.candidates, said), table, each.target, calibration)
        if text.text is not None:
            said.add(text.text.lower())
        again.append(replace(each, text=text.text, source=text.source))
    return again


def unseen(
    found: Sequence[Answer], tables: Sequence[Described], before: Calibration
) -> list[Answer]:
    """Each table's answers as a calibration chooses that was refitted on the others."""
    again: list[Answer] = []
    for number in sorted({each.table for each in found}):
        others = [each for each in found if each.table != number]
        own = [each for each in found if each.table == number]
        again += chosen(own, tables, refit(before, others, tables))
    return again


def refit(
    before: Calibration, found: Sequence[Answer], tables: Sequence[Described]
) -> Calibration:
    """A calibration as these answers have it, held to the one before.

    Of each sum the slope and the shift of its logit are fitted (Platt 1999,
    "Probabilistic outputs for support vector machines"), with normal priors of
    `SCALE_SPREAD` and `SHIFT_SPREAD` around leaving it as it is: some dozen decisions
    move it a little, hundreds wholly.
    """
    by_id = {each.table.id: each.table for each in reversed(tables)}
    labelled: dict[tuple[bool, str], list[tuple[Signs, bool]]] = {}
    for each in found:
        whole = isinstance(each.target, TableId)
        table = by_id[table_of(each.target)]
        signs = signs_of(each.candidates, table, each.target)
        for one, sign in zip(each.candidates, signs, strict=True):
            part = "model" if one.source is Source.MODEL else "rules"
            part = "sure" if one.sure else part
            good = same(one.text, each.wanted)
            labelled.setdefault((whole, part), []).append((sign, good))

    def scale(whole: bool, old: Scale) -> Scale:
        return Scale(
            *(
                _moved(getattr(old, part), labelled.get((whole, part), []))
                for part in ("model", "rules", "sure")
            )
        )

    return Calibration(scale(False, before.columns), scale(True, before.tables))


def _moved(line: WeightedSum, labelled: Sequence[tuple[Signs, bool]]) -> WeightedSum:
    """Slope and shift of a sum's logit by Newton's method, with the priors."""
    if not labelled:
        return line
    logits = [line.total(signs) for signs, _ in labelled]
    goods = [float(good) for _, good in labelled]
    keep, still = 1 / SCALE_SPREAD**2, 1 / SHIFT_SPREAD**2
    slope, shift = 1.0, 0.0
    for _ in range(30):
        g_slope, g_shift = keep * (1 - slope), -still * shift
        a, b, c = keep, 0.0, still
        for logit, good in zip(logits, goods, strict=True):
            chance = _logistic(slope * logit + shift)
            bend = chance * (1 - chance)
            g_slope += (good - chance) * logit
            g_shift += good - chance
            a, b, c = a + bend * logit * logit, b + bend * logit, c + bend
        whole = a * c - b * b
        slope += max(-0.5, min(0.5, (c * g_slope - b * g_shift) / whole))
        shift += max(-1.0, min(1.0, (a * g_shift - b * g_slope) / whole))
    slope = max(0.0, slope)
    return WeightedSum(
        round(slope * line.bias + shift, 5),
        {name: round(slope * weight, 5) for name, weight in line.weights.items()},
    )


def _logistic(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


# Figures


def compare(before: Sequence[Answer], after: Sequence[Answer]) -> dict[str, Any]:
    """Shares accepted as they are and likeness, of both, and their differences."""
    first = {each.target: each for each in before}
    pairs = [(first[each.target], each) for each in after if each.target in first]
    rows = [
        Scored("", str(one.table), {"before": _figures(one), "after": _figures(other)})
        for one, other in pairs
    ]
    found: dict[str, Any] = {
        "tables": len({row.table for row in rows}),
        "texts": len(rows),
    }
    for measure in ("accepted", "likeness"):
        by, low, high = difference(rows, _difference(measure))
        found[measure] = {
            side: round(sum(r.figures[side][measure] for r in rows) / len(rows), 4)
            for side in ("before", "after")
        } | {"by": round(by, 4), "low": round(low, 4), "high": round(high, 4)}
    return found


def _difference(measure: str) -> Callable[[Scored], float]:
    return lambda row: row.figures["after"][measure] - row.figures["before"][measure]


def _figures(each: Answer) -> dict[str, float]:
    one, other = _plain(each.text or ""), _plain(each.wanted)
    longest = max(len(one), len(other), 1)
    like = 1 - levenshtein(one, other) / longest
    return {"accepted": float(each.accepted), "likeness": like}


def as_sheet(
    records: Sequence[Mapping[str, Any]],
    found: tuple[Sequence[Answer], Sequence[Answer]],
) -> tuple[list[Entry], tuple[list[Texts], list[Texts]]]:
    """Tables and both models' texts, as a blind sheet takes them."""
    first, second = (
        {each.target: Text(each.text, each.source.value) for each in side}
        for side in found
    )
    entries = [Entry.of(_record(each)) for each in records]
    entries = list({entry.table.id: entry for entry in reversed(entries)}.values())

    def said(texts: Mapping[Target, Text]) -> list[Texts]:
        return [
            {column_of(t): texts[t] for t in entry.wanted if t in texts}
            for entry in entries
        ]

    return entries, (said(first), said(second))


def _record(record: Mapping[str, Any]) -> DataRecord:
    fields = {"description", "schema", "table", "columns"}
    columns = [
        {k: v for k, v in column.items() if k in ("name", "type", "description")}
        for column in record["columns"]
    ]
    told = {key: value for key, value in record.items() if key in fields}
    return msgspec.convert(told | {"columns": columns}, DataRecord)
