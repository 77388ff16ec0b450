"""What drifts in a workspace, its input too, and the alarms in words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from heapq import merge
from pathlib import Path
from typing import Any

from catalog.drift import (
    ENOUGH_TABLES,
    LEVEL,
    QUARTER,
    WEEK,
    YEAR,
    Alarm,
    Drift,
    Extent,
    Measure,
    Point,
    Series,
    TableWeek,
    monday,
    watch,
)
from catalog.errors import UsageError
from catalog.files import write_file
from catalog.intervals import Share
from catalog.metrics import DecisionLog, DraftedTable
from tui.flow.text import plain


@dataclass(frozen=True, slots=True)
class Words:
    """What a measure is called."""

    title: str
    """Above its chart."""
    subject: str
    """In a sentence that goes on with where, and `fell from` or `rose from`."""


WORDS = {
    Measure.ACCEPTANCE: Words("Accepted as drafted of what was read", "Acceptance"),
    Measure.EDITS: Words(
        "What edits changed of the texts taken", "The part of a text that edits change"
    ),
    Measure.CONFIDENCE: Words(
        "Confidence less acceptance", "What confidence promises beyond acceptance"
    ),
    Measure.FINDINGS: Words(
        "Drafts with a finding", "The share of drafts with a finding"
    ),
    Measure.OWN_WORDS: Words(
        "Drafts in the model's words, not by rules",
        "The share of drafts in the model's words",
    ),
    Measure.NAMES: Words(
        "Names with an unknown word", "The share of names with an unknown word"
    ),
    Measure.TYPES: Words(
        "Columns of an unknown type", "The share of columns of an unknown type"
    ),
    Measure.LANGUAGE: Words(
        "Names and comments not in English",
        "The share of names and comments not in English",
    ),
}
"""Of every measure."""
EMPTY = (
    "Nothing was drafted or decided on before today. Weeks are counted to the end of"
    " yesterday (UTC)."
)
TOO_FEW = (
    f"Too few to compare yet: it takes {ENOUGH_TABLES} tables in a week, and as many"
    " before it."
)
LISTED = 26
"""Weeks of a chart and its table."""


def gather(
    log: DecisionLog, *, reference: str | None = None, today: date | None = None
) -> Drift:
    """Follow all that was drafted and decided on, to the end of yesterday.

    Args:
        log: of one database or all.
        reference: the days that later weeks are compared with, as FROM..TO.
        today: UTC; the present day where it is None.

    Raises:
        UsageError: the reference is no such days, or they are not over.
    """
    through = (today or datetime.now(UTC).date()) - timedelta(days=1)
    named = None if reference is None else _named(reference, through)
    first = monday(through) - YEAR if named is None else named[0]
    rows = merge(
        log.decided_weeks(first, through),
        log.drafted_weeks(first, through),
        map(_input, log.drafted_tables(first, through)),
        key=lambda row: row.week,
    )
    return watch(rows, through, named)


def _named(reference: str, through: date) -> tuple[date, date]:
    """The Mondays of the first and the last week that days are in."""
    first, dots, last = reference.partition("..")
    try:
        if not dots:
            raise ValueError
        days = date.fromisoformat(first.strip()), date.fromisoformat(last.strip())
    except ValueError:
        raise UsageError(
            f"{reference} is no period.",
            "Name two days, as in 2026-09-01..2026-10-31; whole weeks are taken.",
        ) from None
    weeks = monday(days[0]), monday(days[1])
    if weeks[0] > weeks[1]:
        raise UsageError(f"{reference} ends before it begins.", "Name them in order.")
    if weeks[1] + WEEK > through + timedelta(days=1):
        raise UsageError(
            f"{reference} is not over.",
            "Name weeks that have passed; later ones are compared with them.",
        )
    return weeks


def _input(drafted: DraftedTable) -> TableWeek:
    """What a table's names, types and comments say of the input."""
    # Only here: what is read with takes 50 ms to load, and few commands come here.
    from model.prompts.compact import kind_of
    from model.vocabulary import is_english, is_met

    names = (drafted.name, *drafted.columns)
    types = [t for name in drafted.columns if (t := drafted.types.get(name))]
    languages = [
        english
        for text in (*names, *drafted.comments)
        if (english := is_english(text)) is not None
    ]
    sums = {
        Measure.NAMES: (sum(not is_met(name) for name in names), len(names)),
        Measure.TYPES: (sum(not kind_of(each) for each in types), len(types)),
        Measure.LANGUAGE: (languages.count(False), len(languages)),
    }
    return TableWeek(drafted.week, drafted.schema, drafted.name, None, sums)


# In words


def shown(measure: Measure, value: float) -> str:
    """A value as people read it; a difference of two shares in points."""
    if measure is Measure.CONFIDENCE:
        return f"{100 * value:+.0f} points"
    return f"{value:.0%}"


def between(measure: Measure, share: Share) -> str:
    """An interval in words."""
    if measure is Measure.CONFIDENCE:
        return f"{100 * share.low:+.0f} to {100 * share.high:+.0f} points"
    return f"{shown(measure, share.low)} to {shown(measure, share.high)}"


def named(scope: Extent, name: str) -> str:
    """Which texts a series is of; a schema's or a model's name is foreign text."""
    return "all texts" if scope is Extent.ALL else f"{scope.value} {name}"


def worth(drift: Drift) -> list[tuple[Extent, str]]:
    """All texts first, then the parts of them with an alarm, then all others."""
    alarming = [(each.series.scope, each.series.name) for each in drift.alarms]
    every = [(each.scope, each.name) for each in drift.series]
    return list(dict.fromkeys([*every[:1], *alarming, *every]))


def scale(series: Series) -> tuple[float, float]:
    """Both ends of a chart of the latest weeks."""
    ends = [
        abs(end)
        for point in series.points[-LISTED:]
        for share in (point.value, point.before)
        if share is not None
        for end in (share.low, share.high)
    ]
    top = next(top for top in (0.1, 0.25, 0.5, 1.0) if top >= min(max(ends), 1.0))
    return (-top if series.measure.least < 0 else 0.0), top


def sentence(alarm: Alarm) -> str:
    """What got worse, since when, by how much, and with which model."""
    series, began = alarm.series, alarm.began
    measure = series.measure
    assert began.before is not None
    assert began.change is not None
    assert began.least is not None
    where = {
        Extent.ALL: "",
        Extent.SCHEMA: f" in {plain(series.name)}",
        Extent.MODEL: f" of {plain(series.name)}",
    }[series.scope]
    before, after = began.before.share, began.before.share + began.change
    least = (
        f"{max(100 * began.least, 0):.0f} at least"
        if began.least >= 0.005
        else "hardly chance"
    )
    told = (
        f"{WORDS[measure].subject}{where} {'rose' if measure.worse > 0 else 'fell'}"
        f" from {shown(measure, before)} to {shown(measure, after)} in the week of"
        f" {began.week} ({100 * abs(began.change):.0f} points, {least})"
    )
    if alarm.models:
        told += f"; it began with {', '.join(map(plain, alarm.models))}"
    elif not measure.of_input and series.scope is not Extent.MODEL:
        told += "; no new model"
    if (now := alarm.now) is not began:
        told += (
            f". It stands: {shown(measure, now.value.share)} in the week of {now.week}"
        )
    return f"{told}."


def sentences(drift: Drift) -> tuple[str, ...]:
    """What got worse, each thing once: what did in all texts tells its parts."""
    wide = {
        (alarm.series.measure, alarm.began.week): alarm
        for alarm in drift.alarms
        if alarm.series.scope is Extent.ALL
    }
    parts: dict[int, list[str]] = {}
    told: list[Alarm] = []
    for alarm in drift.alarms:
        whole = wide.get((alarm.series.measure, alarm.began.week))
        if whole is None or whole is alarm:
            told.append(alarm)
        else:
            parts.setdefault(id(whole), []).append(plain(alarm.series.name))
    return tuple(
        sentence(alarm)
        + (f" So in {', '.join(names)}." if (names := parts.get(id(alarm))) else "")
        for alarm in told
    )


def basis(drift: Drift) -> str:
    """With what weeks are compared, and how sure an alarm is."""
    if drift.reference is None:
        against = "every week before it that had no alarm"
    else:
        first, last = drift.reference
        against = f"the weeks of {first} to {last}"
    return (
        f"Counted to the end of {drift.through} (UTC). A week is compared with"
        f" {against}, schema by schema. Where nothing changes, there is an alarm in at"
        f" most {LEVEL:.0%} of all quarters."
    )


# For programs


def as_json(drift: Drift) -> dict[str, Any]:
    """The contract's shape."""
    return {
        "through": drift.through.isoformat(),
        "reference": drift.reference
        and {"from": f"{drift.reference[0]}", "to": f"{drift.reference[1]}"},
        "level": LEVEL,
        "weeks": QUARTER,
        "alarms": [
            {
                **_which(alarm.series),
                "since": alarm.began.week.isoformat(),
                **_interval("before", alarm.began.before),
                "change": _rounded(alarm.began.change),
                "at_least": _rounded(alarm.began.least),
                "new_models": list(alarm.models),
                "now": _point(alarm.now),
                "words": sentence(alarm),
            }
            for alarm in drift.alarms
        ],
        "series": [
            {**_which(each), "points": [_point(point) for point in each.points]}
            for each in drift.series
        ],
    }


def save(drift: Drift, path: Path, label: str) -> None:
    """Write it for a monitoring system: whole, or what was there before.

    Raises:
        ColumnistError: the file cannot be written.
    """
    if not path.name:
        raise UsageError("The watch file has no name.", "Name one, as in drift.json.")
    found = {"of": label, **as_json(drift)}
    hint = "Name a file in a folder that exists and that you may write to."
    write_file(path, json.dumps(found, indent=1) + "\n", hint=hint)


def _which(series: Series) -> dict[str, str]:
    return {
        "measure": series.measure.value,
        "scope": series.scope.value,
        "name": series.name,
    }


def _point(point: Point) -> dict[str, Any]:
    return {
        "week": point.week.isoformat(),
        "tables": point.tables,
        "texts": point.texts,
        **_interval("value", point.value),
        "enough": point.before is not None,
        **_interval("before", point.before),
        "change": _rounded(point.change),
        "worse_by_at_least": _rounded(point.least),
        "alarm": point.alarm,
    }


def _interval(name: str, share: Share | None) -> dict[str, float | None]:
    return {
        name: _rounded(share.share if share else None),
        f"{name}_low": _rounded(share.low if share else None),
        f"{name}_high": _rounded(share.high if share else None),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
