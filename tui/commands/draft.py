"""`columnist draft`: descriptions for what has none."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.errors import RefusedError, UsageError
from catalog.objects import ColumnId, TableId, Target, table_of
from catalog.pairs import Joined, Pairs
from catalog.stopping import Stop
from catalog.suggestion import Draft, Source
from tui.commands import console
from tui.commands.opening import open_session
from tui.commands.options import HourlyPrice, Json, Schemas, Tables, Url, settings
from tui.commands.reading import Named, demand, read
from tui.flow import drafting, engines, scanning
from tui.flow.clusters import joined
from tui.flow.cost import Cost
from tui.flow.draft_plan import NOTHING_TO_DRAFT, DraftPlan, plan_drafts
from tui.flow.engines import Running
from tui.flow.model_choice import Arm, find_arms, two_models
from tui.flow.session import Session, settings_for
from tui.flow.terms import unread
from tui.flow.text import count, plain

if TYPE_CHECKING:
    from model.cluster.cluster import Cluster

RULES = "rules"
"""What drafted where no model did."""
NODES_TOLD_SECONDS = 60.0
"""What each node of a cluster did is told so often, and at the end."""


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
    both: Annotated[
        bool,
        typer.Option(
            "--both",
            help="Of two models: each table by both, for a blind choice in the review.",
        ),
    ] = False,
    share: Annotated[
        float | None,
        typer.Option(
            help="With --both: only this share of the tables, as in 0.2; the others are"
            " split.",
            min=0,
            max=1,
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Draft on a Ray cluster of your own: auto, local, HOST:PORT or"
            " ray://HOST:PORT.",
        ),
    ] = None,
    ray_actors: Annotated[
        int | None,
        typer.Option(help="Most workers on it; all there is room for.", min=1),
    ] = None,
    json: Json = False,
    hourly_price: HourlyPrice = None,
) -> None:
    """Draft descriptions for what has none; interrupted, it goes on later.

    With two models, `columnist --model A,B draft URL`, tables are drawn for one of them
    each, their columns with them, and every run draws the same. With `--both` each
    drafts all of them, and the review shows both texts side by side without names.
    `columnist metrics URL --compare A,B` tells whose are better.
    """
    options = settings(context)
    if share is not None and not both:
        raise UsageError("--share goes with --both.", "It says of how many tables.")
    if both and two_models(options) is None:
        raise UsageError(
            "--both takes two models.",
            "Name them: columnist --model A,B draft URL --both.",
        )
    if ray_actors is not None and ray is None:
        raise UsageError(
            "--ray-actors goes with --ray.", "It says how many workers draft there."
        )
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
        beside = None
        if len(names) == 2:
            key = session.database.identity.key
            wanted = (1.0 if share is None else share) if both else 0.0
            plans = plan.split(key, names, both=wanted)
            if both:
                pairs = Pairs(session.workspace, session.database_id, key, names)
                beside = Beside(pairs, frozenset(plans[0].work.keys() & plans[1].work))
                if redo:
                    pairs.forget(beside.tables)
                # Before either drafts: what meets the other's text waits no longer.
                for name, own in zip(names, plans, strict=True):
                    own.leave_out(beside.waiting(name))
        # One engine after the other: two models would share one machine's memory.
        done = [
            draft_with(
                session,
                arm,
                each,
                samples=not no_samples,
                beside=beside,
                on=None if ray is None else OnRay(ray, ray_actors),
            )
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
        if beside is not None:
            met = beside.pairs.joined
            result["pairs"] = {each.value: met[each] for each in Joined}
        if ray is not None:
            result["nodes"] = [node for each in done for node in each.nodes()]
            result["given_up"] = sum(each.given_up for each in done)
        console.out_json(result)
        _complain_of_given_up(done)
        return
    if not plan.targets:
        none = "Nothing to draft: there is no table."
        console.out(NOTHING_TO_DRAFT if plan.tables else none)
        return
    for each in done:
        if each.plan.targets:
            console.out(each.line())
    if len(done) == 2:
        both_of = beside.tables if beside is not None else frozenset[TableId]()
        split = [
            f"{len(each.plan.work.keys() - both_of):,} for {plain(each.model)}"
            for each in done
        ]
        if beside is not None:
            split.insert(0, f"{len(both_of):,} for both")
        console.out(f"Tables drawn: {', '.join(split[:-1])} and {split[-1]}.")
    if beside is not None:
        told = beside.pairs.joined
        console.out(
            f"Drafts of both: {told[Joined.PAIR]:,} to choose between in the review,"
            f" {told[Joined.ALIKE]:,} alike, {told[Joined.SINGLE]:,} with one to show."
        )
    if hourly_price is not None and (price := cost_of(done, hourly_price).line()):
        console.out(price)
    _complain_of_given_up(done)


def _complain_of_given_up(done: Sequence[Done]) -> None:
    """End with an error where tables ended their workers.

    Raises:
        RefusedError: some did.
    """
    if number := sum(each.given_up for each in done):
        raise RefusedError(
            f"{count(number, 'table')} could not be drafted on the cluster.",
            "All else is saved; the same command without --ray tries them here.",
        )


@dataclass(frozen=True, slots=True)
class OnRay:
    """A cluster to draft on."""

    address: str
    """As Ray takes it."""
    actors: int | None
    """Most workers; None is as many as there is room for."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What two models both draft."""

    pairs: Pairs
    """Keeps it."""
    tables: frozenset[TableId]
    """Of which tables that is."""

    def keep(
        self,
        session: Session,
        model: str,
        drafts: Iterable[tuple[Draft, str | None]],
        *,
        drafting: int | None = None,
    ) -> int:
        """Store drafts: beside the other's where both draft them, else to decide."""
        every = list(drafts)
        beside = [each for each in every if table_of(each[0].target) in self.tables]
        alone = [each for each in every if table_of(each[0].target) not in self.tables]
        return self.pairs.put(
            model, beside, drafting=drafting
        ) + session.suggestions.put(alone, drafting=drafting)

    def waiting(self, model: str) -> set[Target]:
        """What one model has drafted by now, and the other has not."""
        found = self.pairs.waiting(model)
        return {target for target in found if table_of(target) in self.tables}


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
    cluster: Cluster | None = None
    """Where it was done, if not here."""

    @property
    def given_up(self) -> int:
        """Tables that ended the workers of a cluster."""
        return len(self.cluster.given_up) if self.cluster else 0

    def nodes(self) -> list[dict[str, Any]]:
        """What each node of a cluster did."""
        return [
            {
                "node": name,
                "model": self.model,
                "actors": node.most,
                "tables": node.tables,
                "tables_per_second": round(node.rate, 2),
            }
            for name, node in (self.cluster.nodes if self.cluster else {}).items()
        ]

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
    session: Session,
    arm: Arm,
    plan: DraftPlan,
    *,
    samples: bool = True,
    beside: Beside | None = None,
    on: OnRay | None = None,
) -> Done:
    """Draft what a plan names with one model, which is gone from memory afterwards."""
    model = arm.model
    done = Done(plan, model.name if model else RULES)
    keep = None
    if beside is not None:
        keep = partial(beside.keep, session, done.model)
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
        _running(session, arm, plan, stop, on) as running,
        console.progress("Drafting", plan.targets) as advance,
    ):
        done.cluster = running.cluster
        engine = running.cluster or running.engine
        if running.model is not None:
            done.model = running.model.name
        meter = drafting.meter_of(running)
        started = told = time.monotonic()
        for each in drafting.draft(
            session,
            plan,
            running,
            samples=samples,
            stop=stop,
            meter=meter,
            keep=keep,
        ):
            advance(1)
            done.add(each)
            if running.cluster and time.monotonic() - told > NODES_TOLD_SECONDS:
                told = time.monotonic()
                _tell_nodes(running.cluster)
        done.seconds = time.monotonic() - started
        done.joules, done.energy_of = meter.joules(), meter.of
        if engine is not None:
            done.prompt_tokens = engine.prompt_tokens
            done.generated_tokens = engine.generated_tokens
        if running.engine is not None and running.engine.note:
            console.note(f"columnist: {plain(running.engine.note)}.")
        if running.cluster is not None:
            _tell_nodes(running.cluster)
    return done


def _tell_nodes(cluster: Cluster) -> None:
    for line in cluster.lines():
        console.note(f"columnist: {plain(line)}")


def _running(
    session: Session, arm: Arm, plan: DraftPlan, stop: Stop, on: OnRay | None
) -> AbstractContextManager[Running]:
    """The model of an arm, here or on a cluster."""
    if on is None:
        return engines.running(arm.model, arm.settings, stop=stop)
    return joined(
        session,
        plan.documented,
        arm.model,
        arm.settings,
        address=on.address,
        actors=on.actors,
        tell=lambda line: console.note(f"columnist: {plain(line)}"),
        stop=stop,
    )
