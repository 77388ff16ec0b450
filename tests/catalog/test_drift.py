"""The statistics of drift, on rows that are made here."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from catalog.drift import (
    ENOUGH_TABLES,
    LEVEL,
    QUARTER,
    WEEK,
    Drift,
    Extent,
    Measure,
    Point,
    TableWeek,
    _level,
    _quantile,
    monday,
    watch,
)

START = date(2026, 8, 31)


def week(
    number: int,
    accepted: float,
    *,
    tables: int = 40,
    schema: str = "s",
    model: str = "m",
    measure: Measure = Measure.ACCEPTANCE,
    prefix: str = "",
) -> list[TableWeek]:
    """Tables of ten texts around an acceptance, the same ones for the same number."""
    draw = random.Random(f"{number} {schema} {accepted}")
    return [
        TableWeek(
            START + number * WEEK,
            schema,
            f"{prefix or number}-{place}",
            model,
            {measure: (round(10 * min(max(draw.gauss(accepted, 0.15), 0), 1)), 10)},
        )
        for place in range(tables)
    ]


def sunday(number: int) -> date:
    return START + number * WEEK + timedelta(days=6)


def judged(weeks: Iterable[Iterable[TableWeek]], last: int = 20) -> Drift:
    return watch((row for rows in weeks for row in rows), sunday(last))


def points(drift: Drift, name: str = "") -> tuple[Point, ...]:
    scope = Extent.SCHEMA if name else Extent.ALL
    (series,) = drift.of(scope, name)
    return series.points


def test_weeks_are_of_iso() -> None:
    assert monday(date(2026, 11, 29)) == date(2026, 11, 23)
    assert monday(date(2026, 11, 23)) == date(2026, 11, 23)
    assert monday(date(2027, 1, 1)) == date(2026, 12, 28)


@pytest.mark.parametrize(
    ("normal", "freedom", "table"),
    [
        # 97.5 % and 99.95 % of Student's t, from its tables
        (1.959964, 5, 2.571),
        (1.959964, 9, 2.262),
        (1.959964, 30, 2.042),
        (3.290527, 9, 4.781),
        (3.290527, 30, 3.646),
    ],
)
def test_quantiles_are_those_of_the_tables(
    normal: float, freedom: float, table: float
) -> None:
    assert _quantile(normal, freedom) == pytest.approx(table, rel=0.01)


def test_the_levels_of_a_quarter_add_up() -> None:
    looks = [_level(START, START + timedelta(days=day)) for day in range(7)]
    assert 13 * sum(looks) == pytest.approx(LEVEL)
    assert looks[6] == pytest.approx(sum(looks[:6]))
    assert _level(START, START + 3 * WEEK) == looks[6]


def test_a_fall_alarms_in_its_week_and_names_the_new_model() -> None:
    drift = judged([*(week(n, 0.75) for n in range(6)), week(6, 0.5, model="new")], 6)
    found = {(a.series.scope, a.series.name, a.models) for a in drift.alarms}
    # The new model has no weeks of its own to be compared with.
    assert found == {(Extent.ALL, "", ("new",)), (Extent.SCHEMA, "s", ("new",))}
    alarm = drift.alarms[0]
    assert alarm.began is alarm.now
    assert alarm.began.week == START + 6 * WEEK
    assert alarm.began.before is not None
    assert alarm.began.before.share == pytest.approx(0.75, abs=0.03)
    assert alarm.began.change == pytest.approx(-0.25, abs=0.06)
    assert alarm.began.least is not None
    assert 0.05 < alarm.began.least < 0.2


def test_a_rise_of_acceptance_is_no_alarm_and_one_of_findings_is() -> None:
    def weeks(measure: Measure) -> Drift:
        quiet = [week(n, 0.3, measure=measure) for n in range(6)]
        return judged([*quiet, week(6, 0.7, measure=measure)], 6)

    assert weeks(Measure.ACCEPTANCE).alarms == ()
    assert weeks(Measure.FINDINGS).alarms


def test_an_alarm_stands_since_its_week_and_is_no_part_of_the_reference() -> None:
    weeks = [week(n, 0.75) for n in range(6)] + [week(n, 0.45) for n in range(6, 10)]
    drift = judged(weeks, 9)
    assert {alarm.began.week for alarm in drift.alarms} == {START + 6 * WEEK}
    now = drift.alarms[0].now
    assert now.week == START + 9 * WEEK
    assert now.before is not None
    assert now.before.share == pytest.approx(0.75, abs=0.03)
    assert [point.alarm for point in points(drift)] == [False] * 6 + [True] * 4


def test_it_ends_with_a_week_as_good_as_before_and_not_for_want_of_tables() -> None:
    fallen = [*(week(n, 0.75) for n in range(6)), week(6, 0.45)]
    few = [*fallen, week(7, 0.75, tables=ENOUGH_TABLES - 1)]
    assert judged(few, 7).alarms
    assert points(judged(few, 7))[-1].before is None
    assert judged([*few, week(8, 0.75)], 8).alarms == ()


def test_it_ends_where_nothing_was_seen_for_a_quarter() -> None:
    """The watch of a replaced model or a finished schema failed for a year."""
    fallen = [*(week(n, 0.75) for n in range(6)), week(6, 0.45)]
    assert judged(fallen, 6 + QUARTER - 1).alarms
    assert judged(fallen, 6 + QUARTER).alarms == ()


def test_too_few_tables_never_alarm() -> None:
    fallen = week(6, 0.0, tables=ENOUGH_TABLES - 1)
    drift = judged([*(week(n, 0.9) for n in range(6)), fallen], 6)
    assert drift.alarms == ()
    assert points(drift)[-1].before is None
    thin = judged([week(0, 0.9, tables=ENOUGH_TABLES - 1), week(1, 0.0)], 1)
    assert thin.alarms == ()
    assert not thin.told
    assert judged([]).series == ()


def test_another_mix_of_schemas_is_no_change() -> None:
    """A week in a hard schema is as good as it ever was there."""
    mixed = [
        row
        for n in range(6)
        for row in (*week(n, 0.9, tables=30), *week(n, 0.3, tables=12, schema="hard"))
    ]
    drift = judged([mixed, week(6, 0.3, schema="hard")], 6)
    assert drift.alarms == ()
    last = points(drift)[-1]
    assert last.before is not None
    assert last.before.share == pytest.approx(last.value.share, abs=0.1)


def test_schemas_with_few_tables_are_compared_together() -> None:
    quiet = [
        row
        for n in range(6)
        for s in "abcdefgh"
        for row in week(n, 0.8, tables=1, schema=s)
    ]
    fallen = [row for s in "abcdefgh" for row in week(6, 0.2, tables=3, schema=s)]
    drift = judged([quiet, fallen], 6)
    scopes = {alarm.series.scope for alarm in drift.alarms}
    assert scopes == {Extent.ALL, Extent.MODEL}


def test_tables_that_are_all_alike_prove_no_more_than_they_are() -> None:
    """Their own variance is 0, which made any difference certain."""

    def alike(number: int, accepted: int, tables: int) -> list[TableWeek]:
        return [
            TableWeek(
                START + number * WEEK,
                "s",
                f"{number}-{place}",
                "m",
                {Measure.FINDINGS: (5 * (place < accepted), 5)},
            )
            for place in range(tables)
        ]

    # Nine of ten tables have findings throughout, and then all twelve of a week.
    drift = judged([*(alike(n, 18, 20) for n in range(6)), alike(6, 12, 12)], 6)
    assert drift.alarms == ()


def test_weeks_that_differ_by_themselves_widen_the_interval() -> None:
    swinging = [week(n, (0.62, 0.9)[n % 2], tables=60) for n in range(9)]
    steady = [week(n, 0.76, tables=60) for n in range(9)]
    fallen = week(9, 0.62, tables=60)
    assert judged([*steady, week(9, 0.62, tables=60)], 9).alarms
    drift = judged([*swinging, fallen], 9)
    assert not [a for a in drift.alarms if a.began.week == START + 9 * WEEK]


def test_one_table_in_several_weeks_is_one_piece_of_evidence() -> None:
    same = judged([week(n, 0.7, tables=12, prefix="t") for n in range(8)], 7)
    other = judged([week(n, 0.7, tables=12) for n in range(8)], 7)

    def width(drift: Drift) -> float:
        before = points(drift)[-1].before
        assert before is not None
        return before.high - before.low

    assert width(same) > 1.3 * width(other)


def test_a_named_reference_is_what_all_later_weeks_are_compared_with() -> None:
    weeks = [*(week(n, 0.9) for n in range(3)), *(week(n, 0.6) for n in range(3, 8))]
    rows = [row for each in weeks for row in each]
    assert watch(rows, sunday(7)).alarms
    named = START + 3 * WEEK, START + 5 * WEEK
    drift = watch((row for row in rows if row.week >= named[0]), sunday(7), named)
    assert drift.alarms == ()
    compared = [point.before is not None for point in points(drift)]
    assert compared == [False, False, False, True, True]


def test_a_model_is_compared_with_its_own_weeks() -> None:
    both = [
        row
        for n in range(7)
        for row in (
            *week(n, 0.8, model="a", prefix=f"a{n}"),
            *week(n, 0.8 if n < 6 else 0.4, schema="t", model="b", prefix=f"b{n}"),
        )
    ]
    drift = judged([both], 6)
    models = [a.series.name for a in drift.alarms if a.series.scope is Extent.MODEL]
    assert models == ["b"]
    assert all(alarm.models == () for alarm in drift.alarms)
