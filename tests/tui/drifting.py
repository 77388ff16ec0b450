"""Weeks of drafts and decisions, made by chance through the workspace's own ways."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest

from catalog.objects import make_target, table_of
from catalog.suggestion import Draft, Finding, Source, State
from catalog.suggestions import Suggestions

MONDAY = date(2026, 8, 31)
SCHEMAS = {"sales": 0.78, "finance": 0.7}
"""What is accepted in each."""


class Steward:
    """Reads what was drafted in a week, one text like the others of its table.

    Args:
        store: the suggestions of a database.
        monkeypatch: sets the clock.
        seed: of chance.
        schemas: what is accepted in each.
    """

    def __init__(
        self,
        store: Suggestions,
        monkeypatch: pytest.MonkeyPatch,
        seed: int = 0,
        schemas: dict[str, float] = SCHEMAS,
    ) -> None:
        self.draw = random.Random(seed)
        self.week = MONDAY
        self._store = store
        self._schemas = schemas
        self._now = ""
        self._tables = 0
        for module in ("suggestions", "decisions"):
            monkeypatch.setattr(f"catalog.{module}.now", lambda: self._now)

    def work(
        self,
        model: str,
        *,
        tables: int = 40,
        worse: float = 0.0,
        days: tuple[int, ...] = (0, 2),
        name: Callable[[int], str] = "customer_name_{}".format,
        after: Callable[[date], None] = lambda day: None,
    ) -> None:
        """A week: on each day tables are drafted and decided on.

        Args:
            model: whose drafts they are.
            tables: how many.
            worse: by how much less is accepted than at first.
            days: of the week, 0 for Monday.
            name: of the n-th column of a table.
            after: called with each of the days when it is over.
        """
        for place, number in enumerate(days):
            day = self.week + timedelta(days=number)
            self._now = f"{datetime.combine(day, time(12)).isoformat()}.000000+00:00"
            most = tables * (place + 1) // len(days) - tables * place // len(days)
            self._day(model, most, worse, name)
            after(day)
        self.week += timedelta(days=7)

    def _day(
        self, model: str, tables: int, worse: float, name: Callable[[int], str]
    ) -> None:
        draw = self.draw
        chances: dict[str, float] = {}
        drafts = []
        for _ in range(tables):
            self._tables += 1
            table, schema = f"orders_{self._tables}", draw.choice([*self._schemas])
            mean = self._schemas[schema] - worse
            chances[table] = draw.betavariate(8 * mean, 8 * (1 - mean))
            for column in range(draw.randint(2, 6)):
                target = make_target(schema, table, name(column))
                drafts.append(
                    Draft(
                        target,
                        "The name of the customer.",
                        Source.MODEL if draw.random() < 0.8 else Source.RULES,
                        self._schemas[schema],
                        (Finding.RESTATES,) if draw.random() < 0.1 else (),
                        model,
                    )
                )
        self._store.put((draft, None) for draft in drafts)
        waiting = self._store.all(states=[State.PENDING])
        good = {s.id: draw.random() < chances[table_of(s.target).name] for s in waiting}
        self._store.accept(s for s in waiting if good[s.id])
        bad = [s for s in waiting if not good[s.id]]
        half = len(bad) // 2
        self._store.say_of_all(bad[:half], "The customer's family name, as signed.")
        self._store.reject(bad[half:])
