"""Whether a week is worse than those before it, by what was read and drafted in it.

A week is compared with its reference within each schema, so that another mix of schemas
is no change. What is inside one table is not independent: every interval is of tables,
by the residual of each (linearization of a ratio, Cochran 1977, "Sampling techniques",
chapter 6), with quantiles of Student's t, as Cameron and Miller 2015 advise for few
clusters ("A practitioner's guide to cluster-robust inference"). Where the weeks of the
reference differ among themselves by more than their tables explain, it is wider by as
much (Laney 2002, "Improved control charts for attributes").

The chance of any false alarm in a quarter of a year is at most `LEVEL`, however many
series are watched and however often one looks: see `_level`.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from itertools import groupby
from statistics import NormalDist

from catalog.intervals import Share

LEVEL = 0.05
"""Chance of any false alarm in a quarter."""
QUARTER = 13
"""Its weeks."""
SHARES = (0.5, 0.25, 0.25)
"""Of a look's level: for acceptance over all texts, which has to show a worse model;
for all else over all texts, in equal parts; and for parts of them, in equal parts."""
ENOUGH_TABLES = 10
"""With fewer, in the week or in its reference, nothing is said."""
WEEK = timedelta(days=7)
YEAR = 53 * WEEK
"""What lies further back is not looked at, unless it is named as the reference."""
_USUAL = 1.959964
"""Of the normal distribution, for an interval of 95 %."""


class Measure(Enum):
    """What is watched: a part of a whole, summed over tables."""

    ACCEPTANCE = "acceptance"
    """Accepted as drafted, of what was read."""
    EDITS = "edits"
    """What edits changed of a text, of those taken; nothing of those taken as is."""
    CONFIDENCE = "confidence"
    """Expected acceptance of what was read (the mean confidence), less the observed."""
    FINDINGS = "findings"
    """Drafts with a finding."""
    OWN_WORDS = "own_words"
    """Drafts in the model's own words, of those that it was asked for."""
    NAMES = "names"
    """Names of what was drafted that have a word nobody knows."""
    TYPES = "types"
    """Columns drafted whose type is of no kind that the model is told."""
    LANGUAGE = "language"
    """Names and comments that are not English, of what was drafted."""

    # Members are what all sums are looked up by; their own hash is Python's slowest.
    __hash__ = object.__hash__

    @property
    def worse(self) -> int:
        """In which direction it gets worse: 1 is up."""
        return -1 if self in (Measure.ACCEPTANCE, Measure.OWN_WORDS) else 1

    @property
    def of_input(self) -> bool:
        """Whether it tells of what the model was given, not of what came of it."""
        return self in (Measure.NAMES, Measure.TYPES, Measure.LANGUAGE)

    @property
    def least(self) -> float:
        """The smallest value there can be; the largest is 1."""
        return -1.0 if self is Measure.CONFIDENCE else 0.0


_PLACE = {measure: 2 * place for place, measure in enumerate(Measure)}
"""Of each measure's part in a table's sums; its whole comes next."""


class Extent(Enum):
    """Which texts a series is of."""

    ALL = "all"
    SCHEMA = "schema"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class TableWeek:
    """What one table adds to a week, of the texts that one model was asked for."""

    week: date
    """Its Monday, UTC."""
    schema: str
    """The table's, for people: with the database where there are several."""
    table: str
    """What tells it from the others of the schema."""
    model: str | None
    """The model; None where none was asked, or where that does not matter."""
    sums: Mapping[Measure, tuple[float, float]]
    """Part and whole."""


@dataclass(frozen=True, slots=True)
class Point:
    """One week of a series."""

    week: date
    """Its Monday, UTC."""
    tables: int
    """How many it is of."""
    texts: int
    """The whole: how many texts or names."""
    value: Share
    """The part of it, with a 95 % interval."""
    before: Share | None = None
    """The reference on the same mix of schemas, with its 95 % interval; None where
    the week or its reference has too few tables to be compared."""
    change: float | None = None
    """By how much the compared tables are higher than it."""
    least: float | None = None
    """By how much it is worse at least, at the level of the alarms; below 0 it may be
    as good as before."""
    alarm: bool = False
    """Whether an alarm stood at its end."""


@dataclass(frozen=True, slots=True)
class Series:
    """A measure of some texts, week by week."""

    measure: Measure
    """What is measured."""
    scope: Extent
    """Of which texts."""
    name: str
    """The schema, or the model; empty for all."""
    points: tuple[Point, ...]
    """The oldest first; weeks without anything are left out."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A series that got worse, and has not been as good as before since."""

    series: Series
    """Which."""
    began: Point
    """The week in which it did."""
    models: tuple[str, ...]
    """Models that are in no week of the reference and in this one."""

    @property
    def now(self) -> Point:
        """The latest week."""
        return self.series.points[-1]


@dataclass(frozen=True, slots=True)
class Drift:
    """All series of a workspace, or of one database, and what is alarming."""

    through: date
    """The last day that is counted, which is over (UTC)."""
    reference: tuple[date, date] | None = None
    """Mondays of the first and the last week that was named as the reference; None is
    every week before the one that is compared, but for those with an alarm."""
    series: tuple[Series, ...] = ()
    """Of all texts first, then by schema and by model."""
    alarms: tuple[Alarm, ...] = ()
    """Those that stand, in the order of the series."""

    def of(self, scope: Extent, name: str = "") -> tuple[Series, ...]:
        """The series of some texts."""
        return tuple(
            each for each in self.series if (each.scope, each.name) == (scope, name)
        )

    @property
    def told(self) -> bool:
        """Whether any week could be compared with others."""
        return any(point.before for each in self.series for point in each.points)


def monday(day: date) -> date:
    """The first day of a day's week, as ISO 8601 has it."""
    return day - timedelta(days=day.weekday())


def watch(
    rows: Iterable[TableWeek],
    through: date,
    reference: tuple[date, date] | None = None,
) -> Drift:
    """Follow every series from week to week.

    Args:
        rows: in the order of weeks, none after `through`. Read once, a week at a time:
            what is kept is a few numbers a table.
        through: the last day that is counted.
        reference: Mondays of the first and the last week that later ones are compared
            with.
    """
    watcher = Watch(reference)
    for week, of_week in groupby(rows, key=lambda row: row.week):
        watcher.take(watcher.look(week, of_week, through))
    return watcher.drift(through)


class Watch:
    """What is known of every series, taken in week by week.

    Args:
        reference: Mondays of the first and the last week that later ones are compared
            with; None is every week before.
    """

    def __init__(self, reference: tuple[date, date] | None = None) -> None:
        self._reference = reference
        self._found: dict[tuple[Extent, str], _Watched] = defaultdict(_Watched)

    def look(self, week: date, rows: Iterable[TableWeek], through: date) -> Look:
        """Compare a week, or the days of it that are over, with the reference.

        Nothing is taken in, so one may look at a week after each of its days.
        """
        tables: dict[tuple[Extent, str], _Week] = defaultdict(_Week)
        for row in rows:
            tables[Extent.ALL, ""].add(row)
            tables[Extent.SCHEMA, row.schema].add(row)
            if row.model is not None:
                tables[Extent.MODEL, row.model].add(row)
        apart = self._reference is not None and week <= self._reference[1]
        compared = [
            (
                key,
                measure,
                _point(week, measure, own),
                None if apart else self._found[key].compare(measure, own),
            )
            for key, there in tables.items()
            for measure in Measure
            if (own := there.of(measure))
        ]
        ranks = Counter(
            _rank(key, measure) for key, measure, _, change in compared if change
        )
        verdicts: list[_Verdict] = []
        for key, measure, point, change in compared:
            if change is not None:
                rank = _rank(key, measure)
                level = _level(week, through) * SHARES[rank] / ranks[rank]
                point = self._found[key].judge(measure, point, change, level)
            elif measure in self._found[key].alarms:
                point = replace(point, alarm=True)
            verdicts.append(_Verdict(key, measure, point, change))
        return Look(week, tables, tuple(verdicts))

    def take(self, look: Look) -> None:
        """Take in a week that is over; what alarms in it is in no reference."""
        for verdict in look.verdicts:
            self._found[verdict.key].note(verdict, look.tables[verdict.key])
        first, last = self._reference or (look.week, look.week)
        if first <= look.week <= last:
            for key, there in look.tables.items():
                self._found[key].take(there)

    def drift(self, through: date) -> Drift:
        """All that was taken in.

        An alarm stands no longer where nothing was seen for a quarter: what it is of, a
        model that was replaced or a schema that is done, is not there to get better.

        Args:
            through: the last day that is counted.
        """
        series: list[Series] = []
        alarms: list[Alarm] = []
        order = list(Extent)
        for scope, name in sorted(
            self._found, key=lambda key: (order.index(key[0]), key[1])
        ):
            watched = self._found[scope, name]
            for measure in Measure:
                if points := watched.points.get(measure):
                    series.append(Series(measure, scope, name, tuple(points)))
                    gone = points[-1].week <= through - QUARTER * WEEK
                    if (begun := watched.alarms.get(measure)) and not gone:
                        alarms.append(Alarm(series[-1], *begun))
        return Drift(through, self._reference, tuple(series), tuple(alarms))


def _rank(key: tuple[Extent, str], measure: Measure) -> int:
    """Which share of a look's level is for a series and those of its rank."""
    if key[0] is not Extent.ALL:
        return 2
    return 0 if measure is Measure.ACCEPTANCE else 1


def _level(week: date, through: date) -> float:
    """The chance of any false alarm in one look at a week.

    A quarter's level goes to its weeks in equal parts. Half of a week's is for the look
    at all of it, the other half for one at the end of each of the six days before; what
    is counted ends with a day, so looking more often sees nothing else.
    """
    whole = through >= week + WEEK - timedelta(days=1)
    return LEVEL / QUARTER / 2 / (1 if whole else 6)


@dataclass(slots=True)
class _Sums:
    """Sums over tables from which a ratio and its variance follow."""

    tables: int = 0
    part: float = 0.0
    whole: float = 0.0
    part_part: float = 0.0
    part_whole: float = 0.0
    whole_whole: float = 0.0

    def add(self, part: float, whole: float, sign: int = 1) -> None:
        """Take a table in, or out again with a sign of -1."""
        self.tables += sign
        self.part += sign * part
        self.whole += sign * whole
        self.part_part += sign * part * part
        self.part_whole += sign * part * whole
        self.whole_whole += sign * whole * whole

    def __iadd__(self, other: _Sums) -> _Sums:
        self.tables += other.tables
        self.part += other.part
        self.whole += other.whole
        self.part_part += other.part_part
        self.part_whole += other.part_whole
        self.whole_whole += other.whole_whole
        return self

    @property
    def ratio(self) -> float:
        return self.part / self.whole

    @property
    def variance(self) -> float:
        """Of the ratio."""
        ratio = self.ratio
        squares = (
            self.part_part
            - 2 * ratio * self.part_whole
            + ratio * ratio * self.whole_whole
        )
        return _variance(max(squares, 0.0), self.whole, self.tables, ratio)


def _variance(squares: float, whole: float, tables: int, ratio: float) -> float:
    """The variance of a ratio of sums over tables, from the squares of residuals.

    At least as if only two tables differed, one with all of its texts and one with
    none: where all tables happen to be alike, theirs alone would make it 0. Agresti and
    Caffo 2000, "Simple and effective confidence intervals for proportions", add such
    two to texts.
    """
    extreme = min(abs(ratio), 1.0)
    doubt = (extreme**2 + (1 - extreme) ** 2) / tables**2
    return max(squares / whole**2 * tables / max(tables - 1, 1), doubt)


def _quantile(normal: float, freedom: float) -> float:
    """Student's t at the place of a quantile of the normal distribution.

    Wallace 1959, "Bounds on normal approximations to Student's and the chi-square
    distributions", turned round; within 1 % from five degrees of freedom on.
    """
    there = (normal * (8 * freedom + 3) / (8 * freedom + 1)) ** 2
    return math.sqrt(freedom * math.expm1(there / freedom))


def _share(value: float, variance: float, tables: float, least: float) -> Share:
    width = _quantile(_USUAL, max(tables - 1, 1)) * math.sqrt(variance)
    return Share(value, max(value - width, least), min(value + width, 1.0))


class _Week:
    """The tables of one week in some texts."""

    def __init__(self) -> None:
        self.tables: dict[tuple[str, str], array[float]] = {}
        """Sums by schema and table."""
        self.models: dict[Measure, set[str]] = defaultdict(set)
        """Whose texts there are in which measure."""

    def add(self, row: TableWeek) -> None:
        key = row.schema, row.table
        sums = self.tables.get(key)
        if sums is None:
            sums = self.tables[key] = array("d", bytes(16 * len(Measure)))
        for measure, (part, whole) in row.sums.items():
            place = _PLACE[measure]
            sums[place] += part
            sums[place + 1] += whole
            if row.model is not None and whole:
                self.models[measure].add(row.model)

    def of(self, measure: Measure) -> list[tuple[str, float, float]]:
        """Schema, part and whole of each table that has any."""
        place = _PLACE[measure]
        return [
            (schema, sums[place], sums[place + 1])
            for (schema, _), sums in self.tables.items()
            if sums[place + 1]
        ]


def _point(
    week: date, measure: Measure, own: Sequence[tuple[str, float, float]]
) -> Point:
    """A week by itself, from schema, part and whole of its tables."""
    whole = sum(each for *_, each in own)
    ratio = sum(part for _, part, _ in own) / whole
    squares = sum((part - ratio * each) ** 2 for _, part, each in own)
    variance = _variance(squares, whole, len(own), ratio)
    value = _share(ratio, variance, len(own), measure.least)
    return Point(week, len(own), round(whole), value)


@dataclass(frozen=True, slots=True)
class _Compared:
    """A week less its reference."""

    change: float
    error: float
    """Its standard error."""
    freedom: float
    """Degrees of freedom of that."""
    before: Share
    """The reference alone."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A week of a series, compared."""

    key: tuple[Extent, str]
    measure: Measure
    point: Point
    change: _Compared | None


@dataclass(frozen=True, slots=True)
class Look:
    """A week compared with its reference, and not yet part of it."""

    week: date
    """Its Monday, UTC."""
    tables: Mapping[tuple[Extent, str], _Week]
    """What it is of."""
    verdicts: tuple[_Verdict, ...]
    """What is said of each series."""

    @property
    def alarms(self) -> list[tuple[Extent, str, Measure]]:
        """Where an alarm begins or stands."""
        return [(*each.key, each.measure) for each in self.verdicts if each.point.alarm]


class _Watched:
    """The reference of some texts, and how each measure of them went."""

    def __init__(self) -> None:
        self.points: dict[Measure, list[Point]] = defaultdict(list)
        self.alarms: dict[Measure, tuple[Point, tuple[str, ...]]] = {}
        """With what each that stands began."""
        self._tables: dict[tuple[str, str], array[float]] = {}
        self._sums: dict[Measure, dict[str, _Sums]] = defaultdict(
            lambda: defaultdict(_Sums)
        )
        self._models: dict[Measure, set[str]] = defaultdict(set)
        self._squares: dict[Measure, list[float]] = defaultdict(list)
        """Of earlier weeks' changes in standard errors."""

    def compare(
        self, measure: Measure, of_week: Sequence[tuple[str, float, float]]
    ) -> _Compared | None:
        """A week less its reference, schema by schema; None where tables are too few.

        Schemas with a small reference are compared together.

        Args:
            measure: what is compared.
            of_week: schema, part and whole of each table.
        """
        if len(of_week) < ENOUGH_TABLES:
            return None
        large: dict[str, _Sums] = {}
        rest = _Sums()
        for schema, sums in self._sums[measure].items():
            if sums.tables >= ENOUGH_TABLES:
                large[schema] = sums
            else:
                rest += sums
        if rest.tables >= ENOUGH_TABLES:
            # No schema has this name.
            large["\0"] = rest
        ratios = {name: sums.ratio for name, sums in large.items()}
        own = [
            (stratum, part - ratios[stratum] * whole, whole)
            for schema, part, whole in of_week
            if (stratum := schema if schema in large else "\0") in large
        ]
        if len(own) < ENOUGH_TABLES:
            return None
        total = sum(whole for *_, whole in own)
        change = sum(more for _, more, _ in own) / total
        squares = sum((more - change * whole) ** 2 for _, more, whole in own)
        weights: dict[str, float] = defaultdict(float)
        for stratum, _, whole in own:
            weights[stratum] += whole / total
        before = sum(share * ratios[name] for name, share in weights.items())
        reference = sum(
            share**2 * large[name].variance for name, share in weights.items()
        )
        # That of the reference's tables, if the week's differ less: few that happen to
        # be alike, or all near an end of the scale, would make any change certain.
        usual = sum(
            share * large[name].variance * large[name].tables
            for name, share in weights.items()
        )
        spread = squares / total**2 * len(own) / (len(own) - 1)
        mine = max(spread, usual / len(own))
        tables = sum(large[name].tables for name in weights)
        return _Compared(
            change,
            math.sqrt(mine + reference),
            # Satterthwaite's, of both
            (mine + reference) ** 2
            / (mine**2 / (len(own) - 1) + reference**2 / (tables - 1)),
            _share(before, reference, tables, measure.least),
        )

    def judge(
        self, measure: Measure, point: Point, there: _Compared, level: float
    ) -> Point:
        """A week with what it is compared with, and whether an alarm stands in it."""
        worse = measure.worse * there.change
        spread = self._squares[measure]
        wider = math.sqrt(max(1.0, sum(spread) / len(spread))) if spread else 1.0
        strict = NormalDist().inv_cdf(1 - level)
        least = worse - wider * _quantile(strict, there.freedom) * there.error
        stands = least > 0 or (
            measure in self.alarms
            and worse > _quantile(_USUAL, there.freedom) * there.error
        )
        return replace(
            point,
            before=there.before,
            change=there.change,
            least=least,
            alarm=stands,
        )

    def note(self, verdict: _Verdict, of_week: _Week) -> None:
        """Let an alarm begin, stand or end."""
        measure, point, there = verdict.measure, verdict.point, verdict.change
        self.points[measure].append(point)
        if point.alarm and measure not in self.alarms:
            new = of_week.models[measure] - self._models[measure]
            self.alarms[measure] = point, tuple(sorted(new))
        elif not point.alarm:
            self.alarms.pop(measure, None)
            if there is not None:
                self._squares[measure].append((there.change / there.error) ** 2)

    def take(self, of_week: _Week) -> None:
        """Let a week be part of the reference, but for what is alarming in it."""
        taken = [
            (place, self._sums[measure])
            for measure, place in _PLACE.items()
            if measure not in self.alarms
        ]
        for key, sums in of_week.tables.items():
            there = self._tables.get(key)
            if there is None:
                there = self._tables[key] = array("d", bytes(16 * len(Measure)))
            for place, by_schema in taken:
                if not sums[place + 1]:
                    continue
                of_schema = by_schema[key[0]]
                if there[place + 1]:
                    of_schema.add(there[place], there[place + 1], -1)
                there[place] += sums[place]
                there[place + 1] += sums[place + 1]
                of_schema.add(there[place], there[place + 1])
        for measure, models in of_week.models.items():
            if measure not in self.alarms:
                self._models[measure] |= models
