"""`columnist draft`: descriptions for what has none."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import typer

from catalog.objects import ColumnId, TableId, table_of
from catalog.suggestion import Draft, Source
from tui.commands import console
from tui.commands.opening import open_session
from tui.commands.options import HourlyPrice, Json, Schemas, Tables, Url, settings
from tui.commands.reading import Named, demand, read
from tui.flow import drafting, engines, scanning
from tui.flow.cost import Cost
from tui.flow.draft_plan import NOTHING_TO_DRAFT, DraftPlan, plan_drafts
from tui.flow.model_choice import Arm, find_arms, two_models
from tui.flow.session import Session, settings_for
from tui.flow.terms import unread
from tui.flow.text import count, plain

RULES = "rules"
"""What drafted where no model did."""


def run(
    context: typer.Context,
    url: Url,
    schema: Schemas = None,
    table: Tables = None,
    limit: Annotated[
        int | None, typer.Option(help="At most so many tables.", min=0)
    ] = None,
    redo: Annotated[
        bool, typer.Option("--redo", help="Also replace drafts that are to decide.")
    ] = False,
    no_samples: Annotated[
        bool, typer.Option("--no-samples", help="Look at names and types only.")
    ] = False,
    json: Json = False,
    hourly_price: HourlyPrice = None,
) -> None:
    """Draft descriptions for what has none; interrupted, it goes on later.

    With two models, `columnist --model A,B draft URL`, tables are drawn for one of them
    each, their columns with them, and every run draws the same. `columnist metrics URL
    --compare A,B` tells whose texts were accepted more often.
    """
    options = settings(context)
    options = options if two_models(options) else settings_for(options, url)
    arms = find_arms(options, console.note)
    with open_session(arms[0].settings, url) as session:
        stale = scanning.is_stale(session)
        if stale:
            read(session, [], [])
        demand(session, Named(schema or [], table or []), fresh=stale)
        plan = plan_drafts(
            session, schemas=schema or [], globs=table or [], limit=limit, redo=redo
        )
        for line in plan.notes():
            console.note(line)
        if plan.targets and (note := unread(session)):
            console.note(f"columnist: {note}")
        plans: Sequence[DraftPlan] = (plan,)
        names = tuple(arm.model.name for arm in arms if arm.model is not None)
        if len(names) == 2:
            plans = plan.split(session.database.identity.key, names)
        # One engine after the other: two models would share one machine's memory.
        done = [
            draft_with(session, arm, each, samples=not no_samples)
            for arm, each in zip(arms, plans, strict=True)
        ]
    tokens, seconds = (
        sum(d.generated_tokens for d in done),
        sum(d.seconds for d in done),
    )
    if json:
        result: dict[str, object] = {
            "tables": len(plan.work),
            "columns": plan.columns,
            "for_files": dict(plan.for_files),
            "drafted": sum(each.drafted for each in done),
            "inherited": sum(each.inherited for each in done),
            "abstained": sum(each.abstained for each in done),
            "seconds": round(seconds, 3),
            "prompt_tokens": sum(each.prompt_tokens for each in done),
            "generated_tokens": tokens,
            "tokens_per_second": round(tokens / seconds, 1) if seconds else 0.0,
            "model": ",".join(each.model for each in done),
            "energy_of": energy_of(done),
            **cost_of(done, hourly_price).as_json(),
        }
        if len(done) == 2:
            result["models"] = [each.as_json() for each in done]
        console.out_json(result)
        return
    if not plan.targets:
        none = "Nothing to draft: there is no table."
        console.out(NOTHING_TO_DRAFT if plan.tables else none)
        return
    for each in done:
        if each.plan.targets:
            console.out(each.line())
    if len(done) == 2:
        split = " and ".join(
            f"{len(each.plan.work):,} for {plain(each.model)}" for each in done
        )
        console.out(f"Tables drawn: {split}.")
    if hourly_price is not None and (told := cost_of(done, hourly_price).line()):
        console.out(told)


@dataclass(slots=True)
class Done:
    """What one model did."""

    plan: DraftPlan
    """What it was to draft."""
    model: str
    """Its name."""
    tables: set[TableId] = field(default_factory=set[TableId])
    """Of which something was drafted."""
    by_source: dict[Source, int] = field(
        default_factory=lambda: dict.fromkeys(Source, 0)
    )
    abstained: int = 0
    seconds: float = 0.0
    prompt_tokens: int = 0
    generated_tokens: int = 0
    columns: int = 0
    """Drafted."""
    joules: float | None = None
    """Energy; None where the machine does not tell."""
    energy_of: str = ""
    """Of what it is, as in "processor"."""

    @property
    def texts(self) -> int:
        """All that are not abstentions."""
        return sum(self.by_source.values())

    @property
    def inherited(self) -> int:
        """Texts taken from elsewhere in the catalog."""
        return self.by_source[Source.INHERITED]

    @property
    def drafted(self) -> int:
        """All the other texts."""
        return self.texts - self.inherited

    def add(self, draft: Draft) -> None:
        """Count one."""
        self.tables.add(table_of(draft.target))
        self.columns += isinstance(draft.target, ColumnId)
        if draft.text is None:
            self.abstained += 1
        else:
            self.by_source[draft.source] += 1

    def as_json(self) -> dict[str, int | str]:
        """For scripts."""
        return {
            "model": self.model,
            "tables": len(self.plan.work),
            "columns": self.plan.columns,
            "drafted": self.drafted,
            "inherited": self.inherited,
            "abstained": self.abstained,
        }

    def line(self) -> str:
        """For people."""
        sources = ", ".join(
            f"{number} by {source.value}"
            for source, number in self.by_source.items()
            if number
        )
        return (
            f"Drafted {count(self.texts, 'description')}"
            f" ({sources or 'none'}), abstained on {self.abstained},"
            f" for {count(self.plan.targets - self.plan.columns, 'table')} and"
            f" {count(self.plan.columns, 'column')}"
            f" in {self.seconds:.1f} s with {plain(self.model)}."
        )


def cost_of(done: Sequence[Done], hourly_price: float | None) -> Cost:
    """What all of it took."""
    metered = [(each.joules, each.seconds) for each in done if each.joules is not None]
    return Cost(
        sum(each.seconds for each in done),
        sum(each.columns for each in done),
        sum(joules for joules, _ in metered) if metered else None,
        sum(seconds for _, seconds in metered),
        hourly_price,
    )


def energy_of(done: Sequence[Done]) -> str | None:
    """Of what energy was told; None where it was not."""
    return next((each.energy_of for each in done if each.energy_of), None)


def draft_with(
    session: Session, arm: Arm, plan: DraftPlan, *, samples: bool = True
) -> Done:
    """Draft what a plan names with one model, which is gone from memory afterwards."""
    model = arm.model
    done = Done(plan, model.name if model else RULES)
    if not plan.targets:
        return done
    if model is not None and model.endpoint is not None:
        values = " and sampled codes and ranges" if samples else ""
        console.note(
            f"columnist: sends names, types, comments{values} to"
            f" {plain(model.endpoint.place)}."
        )
    with (
        console.stopping() as stop,
        engines.running(model, arm.settings, stop=stop) as running,
        console.progress("Drafting", plan.targets) as advance,
    ):
        engine = running.engine
        if running.model is not None:
            done.model = running.model.name
        meter = drafting.meter_of(running)
        started = time.monotonic()
        for each in drafting.draft(
            session, plan, running, samples=samples, stop=stop, meter=meter
        ):
            advance(1)
            done.add(each)
        done.seconds = time.monotonic() - started
        done.joules, done.energy_of = meter.joules(), meter.of
        if engine is not None:
            done.prompt_tokens = engine.prompt_tokens
            done.generated_tokens = engine.generated_tokens
            if engine.note:
                console.note(f"columnist: {plain(engine.note)}.")
    return done
