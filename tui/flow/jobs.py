"""Reading and drafting: where database, model and workspace meet.

Every job is a generator that yields results as they come and takes `stop`; none knows
of a screen. What was yielded is already saved.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import (
    Callable,
    Collection,
    Generator,
    Iterable,
    Iterator,
    Sequence,
    Set,
)
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain, zip_longest

from catalog.change import CommentChange
from catalog.errors import ColumnistError
from catalog.glossary import GlossaryFile, Term
from catalog.lease import Lease
from catalog.objects import (
    ColumnId,
    Profile,
    Table,
    TableId,
    TableKind,
    Target,
    table_of,
)
from catalog.rescan import Changes, Rescan
from catalog.stopping import never
from catalog.suggestion import Draft, Source, State, Suggestion
from catalog.trial import drawn_model
from connectors.view_columns import base_columns, inherited_columns
from model.draft import Documented, Drafter, Job, undescribed
from model.engine import Engine
from model.known_systems import KnownSystems
from model.library import PromptFormat
from model.nearest import Nearest, shipped
from model.prompt import Written
from model.questions import Census
from model.remote import Model, RemoteEngine, RemoteModel
from model.spelling import touched
from model.writer import Writer
from tui.flow import writes
from tui.flow.model_choice import engine_settings
from tui.flow.prefetch import Sampler
from tui.flow.session import Session
from tui.flow.settings import Settings
from tui.flow.text import count, plain

SCAN_BATCH = 1000
"""Most tables stored in one transaction, which costs a flush of the disk."""
SCAN_SECONDS = 0.5
"""Tables are stored at least so often, however slowly they come."""
FRESH_SECONDS = 600.0
"""A snapshot older than this is read again before drafting."""
SAVE_SECONDS = 0.25
"""Drafts are saved at least so often."""
NOTHING_TO_DRAFT = "Nothing to draft: all is described, drafted or decided on."
SAMPLED_AHEAD = 4
"""Tables that are sampled before their turn."""

ASKED_FIRST = 16
"""Tables that ask a model and go before all others: enough to begin with."""

# Reading


def scan(
    session: Session,
    *,
    schemas: Sequence[str] = (),
    globs: Sequence[str] = (),
    kinds: Collection[TableKind] = (),
    on_changes: Callable[[Changes], None] = lambda _: None,
    stop: Callable[[], bool] = never,
) -> Iterator[Table]:
    """Read the catalog into the workspace; tables as they are saved.

    A scan that is stopped forgets nothing: tables it did not meet stay, and so does
    what is beyond the session's bounds.

    Args:
        session: the open database.
        schemas: exact names; all within the bounds where empty.
        globs: patterns on `table` or `schema.table`; all where empty.
        kinds: what the tables are; all where empty.
        on_changes: called at the end with what has changed since the last scan.
        stop: ends it between two tables.
    """
    if session.ledger.open_intents():
        # A crash left writes open; or another process is writing now, and its lease
        # keeps us out.
        lease = Lease(session.workspace, session.database_id, "apply")
        with suppress(ColumnistError), lease, session.lock:
            writes.settle(session)
    number = session.snapshot.begin()
    rescan = Rescan(session.workspace, session.database_id)
    batch: list[Table] = []
    saved_at = time.monotonic()

    def save() -> Iterator[Table]:
        nonlocal saved_at
        rescan.save(batch, scan=number)
        yield from (table for table in batch if not table.unread)
        batch.clear()
        saved_at = time.monotonic()

    bounds = session.bounds
    with session.lock:
        for table in session.database.scan(
            schemas=schemas or bounds.schemas,
            tables=globs,
            exclude=bounds.exclude,
            kinds=kinds or bounds.kinds,
            stop=stop,
        ):
            kind = None if table.unread else table.kind
            if not bounds.takes(table.id, kind):
                continue
            batch.append(table)
            late = time.monotonic() - saved_at > SCAN_SECONDS
            if late or len(batch) >= SCAN_BATCH:
                yield from save()
        yield from save()
    if stop():
        return
    with session.workspace.transaction():  # forgotten together with what follows of it
        gone = session.snapshot.finish(
            number, schemas=schemas, globs=globs, kinds=kinds
        )
        changes = rescan.finish(gone)
    on_changes(changes)


def is_stale(session: Session) -> bool:
    """Whether the snapshot is missing or too old to draft from."""
    scanned = session.snapshot.scanned_at()
    if scanned is None:
        return True
    age = datetime.now(UTC) - datetime.fromisoformat(scanned)
    return age.total_seconds() > FRESH_SECONDS


# Drafting


@dataclass(slots=True)
class DraftPlan:
    """What is to be drafted, and what there is to inherit from."""

    work: dict[TableId, tuple[Target, ...]] = field(
        default_factory=dict[TableId, tuple[Target, ...]]
    )
    """Targets by table, in the order in which they will be drafted."""
    documented: Documented = field(default_factory=Documented)
    """Columns that have a comment."""
    targets: int = 0
    """How many descriptions are to be drafted."""
    columns: int = 0
    """How many of them are columns."""
    tables: int = 0
    """Tables that were looked at."""
    for_files: Counter[str] = field(default_factory=Counter[str])
    """Why descriptions can only be exported, with how many each reason holds for."""

    def notes(self) -> list[str]:
        """How many can be written and how many only exported, and why, in lines."""
        if not self.for_files:
            return []
        only = self.for_files.total()
        return [
            f"Of {count(self.targets, 'description')} to draft"
            f" {self.targets - only:,} can be written to the database;"
            f" {only:,} can only be exported:",
            *(f"  {n:,}: {plain(why)}" for why, n in self.for_files.most_common()),
        ]

    def add(self, table: TableId, targets: tuple[Target, ...]) -> None:
        """Take in a table's targets."""
        self.work[table] = targets
        self.targets += len(targets)
        self.columns += sum(not isinstance(target, TableId) for target in targets)

    def split(
        self, database: str, models: tuple[str, str]
    ) -> tuple[DraftPlan, DraftPlan]:
        """A plan for each of two models: tables are drawn, columns go with theirs.

        Args:
            database: what identifies the database in the workspace.
            models: the names of both; a table that was drawn before is drawn alike.
        """
        plans = (
            DraftPlan(documented=self.documented),
            DraftPlan(documented=self.documented),
        )
        for table, targets in self.work.items():
            drawn = drawn_model(database, table, models)
            plans[models.index(drawn)].add(table, targets)
        return plans

    def take_turns(self, derived: Set[TableId]) -> None:
        """Let tables that others seem to tell alternate with those that ask a model.

        However many there are of one kind, neither waits for the end of the other.

        Args:
            derived: views and children, whose columns are other tables'.
        """
        described = self.documented.names()
        told: list[TableId] = []
        asking: list[TableId] = []
        for table, targets in self.work.items():
            columns = [t for t in targets if isinstance(t, ColumnId)]
            same = columns and all(c.name.lower() in described for c in columns)
            (told if same or table in derived else asking).append(table)
        rest = zip_longest(told, asking[ASKED_FIRST:])
        order = chain(asking[:ASKED_FIRST], chain.from_iterable(rest))
        self.work = {table: self.work[table] for table in order if table is not None}

    def put_first(self, other: DraftPlan) -> None:
        """Do what another plan names before all else."""
        work, self.work, self.targets, self.columns = self.work, {}, 0, 0
        for table, targets in other.work.items():
            rest = (t for t in work.pop(table, ()) if t not in targets)
            self.add(table, (*targets, *rest))
        for table, targets in work.items():
            self.add(table, targets)

    def leave_out(self, drafted: Set[Target]) -> None:
        """Go on without what was drafted meanwhile."""
        work, self.work, self.targets, self.columns = self.work, {}, 0, 0
        for table, targets in work.items():
            if left := tuple(t for t in targets if t not in drafted):
                self.add(table, left)


def plan_drafts(
    session: Session,
    *,
    tables: Collection[TableId] = (),
    schemas: Sequence[str] = (),
    globs: Sequence[str] = (),
    limit: int | None = None,
    redo: bool = False,
) -> DraftPlan:
    """Find what is undocumented and undrafted, in one pass over the snapshot.

    Args:
        session: the open database.
        tables: only these; all where empty.
        schemas: exact names; all where empty.
        globs: patterns on `table` or `schema.table`.
        limit: most tables.
        redo: also what has an undecided draft.
    """
    plan = DraftPlan()
    chosen: Set[TableId] | None = set(tables) or None
    if schemas or globs:
        found = session.snapshot.tables(schemas=schemas, globs=globs)
        named = {table.id for table in found}
        chosen = named if chosen is None else named & chosen
    taken: dict[TableId, list[Target]] = {}
    derived: set[TableId] = set()
    for suggestion in session.suggestions.all():
        if _is_taken(suggestion, redo=redo):
            taken.setdefault(table_of(suggestion.target), []).append(suggestion.target)
    for table in session.snapshot.tables():
        plan.documented.add(table)
        if chosen is not None and table.id not in chosen:
            continue
        if limit is not None and len(plan.work) >= limit:
            continue
        plan.tables += 1
        if targets := undescribed(table, taken.get(table.id, ())):
            plan.add(table.id, targets)
            plan.for_files.update(_reasons(session, table, targets))
            if table.view_sql is not None or table.parents:
                derived.add(table.id)
    plan.take_turns(derived)
    return plan


def _reasons(
    session: Session, table: Table, targets: Iterable[Target]
) -> Iterator[str]:
    """Why what is to be drafted can only be exported, for each of which that is so."""
    refusal = session.database.dialect.refusal
    for target in targets:
        if reason := refusal(table, CommentChange(target, None, None)):
            yield reason


def plan_redrafts(session: Session, terms: Sequence[Term]) -> DraftPlan:
    """Find the undecided drafts that answers touch, in one pass over the snapshot.

    What somebody decided on or wrote stays, and so does what is imported or inherited.
    """
    plan = DraftPlan()
    waiting: dict[TableId, set[Target]] = {}
    for suggestion in session.suggestions.all(states=[State.PENDING, State.ABSTAINED]):
        # A pending text that is not the drafted one was edited, written and reverted.
        if (
            suggestion.draft.source in _REDRAFTED
            and suggestion.text == suggestion.draft.text
        ):
            table_id = table_of(suggestion.target)
            waiting.setdefault(table_id, set()).add(suggestion.target)
    for table in session.snapshot.tables():
        plan.documented.add(table)
        undecided = waiting.get(table.id)
        if undecided is None:
            continue
        read = {target for term in terms for target in touched(table, term)}
        lacking = undescribed(table)
        targets = tuple(t for t in lacking if t in undecided and t in read)
        if targets:
            plan.add(table.id, targets)
    return plan


_REDRAFTED = frozenset((Source.MODEL, Source.RULES, Source.GLOSSARY))


def census(
    session: Session,
    *,
    read: Callable[[int], None] = lambda _: None,
    stop: Callable[[], bool] = never,
) -> Census:
    """Count the words that nobody knows in the names of what is undocumented.

    Args:
        session: the open database.
        read: told how many tables are read so far.
        stop: ends it between two tables, with what is counted by then.
    """
    found = Census()
    glossary = GlossaryFile(session.glossary).read()
    settled = session.suggestions.settled()
    for table in session.snapshot.tables():
        if stop():
            break
        lacking = undescribed(table)
        open_ = [target for target in lacking if target not in settled]
        found.add(table, open_, glossary.of)
        read(found.tables)
    return found


def _is_taken(suggestion: Suggestion, *, redo: bool) -> bool:
    """Whether what is there keeps a new draft away."""
    if redo and suggestion.state in (State.PENDING, State.ABSTAINED):
        return False
    return suggestion.state not in (State.STALE, State.WRITTEN)


def draft(
    session: Session,
    plan: DraftPlan,
    engine: Writer | None,
    model: Model | None,
    *,
    samples: bool = True,
    first: Callable[[], TableId | None] = lambda: None,
    stop: Callable[[], bool] = never,
) -> Iterator[Draft]:
    """Draft what a plan names; drafts are yielded once they are saved.

    Args:
        session: the open database.
        plan: from `plan_drafts`.
        engine: the model, or None for rules alone.
        model: what is known of the model.
        samples: look at bounded samples of the tables' rows.
        first: the table that goes before all others, asked for each table anew.
        stop: ends it within a decoding step; what is saved stays.
    """
    glossary = GlossaryFile(session.glossary)
    glossary.read()  # a mistake in it is told before anything begins
    with Lease(session.workspace, session.database_id, "draft"):
        drafter = _drafter(session, engine, model, plan.documented)
        jobs = _jobs(
            session,
            plan,
            drafter,
            samples=samples,
            wait=engine is None,
            first=first,
            stop=stop,
        )
        saver = _Saver(session)
        drafts = drafter.draft(jobs, stop=stop, first=first)
        try:
            with closing(jobs), closing(drafts):
                for each in drafts:
                    # Somebody waits for those of the table on the screen.
                    at_once = table_of(each.target) == first()
                    yield from saver.add(each, at_once=at_once)
        finally:
            # Whatever ends it, what was drafted is saved.
            rest = saver.save()
        yield from rest


def alternatives(
    session: Session,
    target: Target,
    engine: Writer | None,
    model: Model | None,
    documented: Documented,
    *,
    count: int = 5,
    hint: str = "",
    samples: bool = True,
    stop: Callable[[], bool] = never,
) -> list[str]:
    """Other wordings for one target.

    Args:
        session: the open database.
        target: what is described.
        engine: the model, or None for rules alone.
        model: what is known of the model.
        documented: what the database describes already, to take examples from.
        count: most wordings.
        hint: what the steward knows of it; the model reads it as a comment on the
            table, the one place for such words that every model was taught.
        samples: look at bounded samples of the table's rows.
        stop: ends it within a decoding step.
    """
    table = session.snapshot.table(table_of(target))
    if table is None:
        return []
    profiles = _profiles(session, table, samples, stop)
    if hint:
        table = replace(table, comment=f"{hint} {table.comment or ''}".strip())
    drafter = _drafter(session, engine, model, documented)
    return drafter.alternatives(Job(table, (target,), profiles), count, stop=stop)


def prompt_of(
    session: Session,
    target: Target,
    engine: Writer | None,
    model: Model | None,
    documented: Documented,
    *,
    samples: bool = True,
    stop: Callable[[], bool] = never,
) -> Written | None:
    """The exact prompt for one target; None where no model is asked."""
    table = session.snapshot.table(table_of(target))
    if table is None:
        return None
    profiles = _profiles(session, table, samples, stop)
    drafter = _drafter(session, engine, model, documented)
    return drafter.prompt(Job(table, (target,), profiles, _bases(session, table)))


def _drafter(
    session: Session,
    engine: Writer | None,
    model: Model | None,
    documented: Documented,
) -> Drafter:
    return Drafter(
        engine,
        model,
        documented=documented,
        known=KnownSystems.shipped(),
        nearest=_nearest(engine, model),
        limit=lambda target: session.database.limit(isinstance(target, TableId)),
        glossary=GlossaryFile(session.glossary).read,
    )


def documented(session: Session) -> Documented:
    """What the database describes already, in one pass over the snapshot."""
    found = Documented()
    for table in session.snapshot.tables():
        found.add(table)
    return found


def _nearest(engine: Writer | None, model: Model | None) -> Nearest | None:
    """Examples for a model that was taught to read them; None for others."""
    if engine is None or model is None or model.format is not PromptFormat.COMPACT:
        return None
    return shipped()


def _jobs(
    session: Session,
    plan: DraftPlan,
    drafter: Drafter,
    *,
    samples: bool,
    wait: bool,
    first: Callable[[], TableId | None],
    stop: Callable[[], bool],
) -> Generator[Job | None]:
    """The jobs of a plan: those of the table on the screen first, then on from there.

    A table that comes on the screen and is not in the plan is added to it. None says
    that the next job is not ready; `wait` waits for it instead.
    """
    queue = _Queue(session, plan)
    sampler = Sampler(session, stop=stop) if samples else None
    ahead: deque[Job] = deque()
    sampled: set[TableId] = set()
    wanted: TableId | None = None

    def take(*, at_once: bool = False) -> bool:
        if (job := queue.take()) is None:
            return False
        ahead.append(job)
        if sampler is not None and drafter.needs_rows(job):
            sampled.add(job.table.id)
            sampler.ask(job.table, at_once=at_once)
        return True

    try:
        while not stop():
            asked = first()
            if asked != wanted:
                wanted = asked
                if asked is not None:
                    queue.go_on_from(asked, ahead)
                    ahead.clear()
                    take(at_once=True)
            while len(ahead) < SAMPLED_AHEAD and take():
                pass
            if not ahead:
                return
            profiles: dict[str, Profile] | None = {}
            if sampler is not None and ahead[0].table.id in sampled:
                profiles = sampler.take(ahead[0].table.id, wait=wait)
            if profiles is None:
                yield None
                continue
            job = ahead.popleft()
            sampled.discard(job.table.id)
            yield replace(job, profiles=profiles)
    finally:
        if sampler is not None:
            sampler.close()


def _bases(session: Session, table: Table) -> dict[str, ColumnId]:
    """Where the columns of a view or of a child table come from."""
    lookup = session.snapshot.table
    if table.view_sql is None:
        return inherited_columns(table, lookup=lookup)
    dialect = session.database.dialect.sqlglot
    return base_columns(table, dialect=dialect, lookup=lookup)


class _Queue:
    """What of a plan is still to do, from one table on and round."""

    def __init__(self, session: Session, plan: DraftPlan) -> None:
        self._session = session
        self._plan = plan
        self._order = list(plan.work)
        self._places = {table: place for place, table in enumerate(self._order)}
        self._waiting = dict(plan.work)
        self._place = 0

    def take(self) -> Job | None:
        """The next table's job, not sampled yet; None where nothing is left."""
        while self._waiting:
            table_id = self._order[self._place % len(self._order)]
            self._place += 1
            targets = self._waiting.pop(table_id, None)
            if targets and (table := self._session.snapshot.table(table_id)):
                return Job(table, targets, {}, _bases(self._session, table))
        return None

    def go_on_from(self, table: TableId, taken: Iterable[Job]) -> None:
        """Let a table come next; what was taken and not begun is put back."""
        for job in taken:
            self._waiting[job.table.id] = job.targets
        if table not in self._places:
            self._add(table)
        self._place = self._places.get(table, self._place)

    def _add(self, table: TableId) -> None:
        if targets := _lacking(self._session, table):
            self._plan.add(table, targets)
            self._waiting[table] = targets
            self._places[table] = len(self._order)
            self._order.append(table)


def _lacking(session: Session, table_id: TableId) -> tuple[Target, ...]:
    """What of one table is undocumented and undrafted."""
    table = session.snapshot.table(table_id)
    if table is None:
        return ()
    found = session.suggestions.of_table(table_id)
    taken = [t for t, each in found.items() if _is_taken(each, redo=False)]
    return undescribed(table, taken)


def _profiles(
    session: Session, table: Table, samples: bool, stop: Callable[[], bool]
) -> dict[str, Profile]:
    if not samples:
        return {}
    with session.lock:
        return session.database.profile(table, stop=stop)


class _Saver:
    """Saves drafts a few at a time: a transaction costs a disk flush."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._drafts: list[Draft] = []
        self._saved_at = time.monotonic()

    def add(self, draft: Draft, *, at_once: bool) -> list[Draft]:
        self._drafts.append(draft)
        if not at_once and time.monotonic() - self._saved_at < SAVE_SECONDS:
            return []
        return self.save()

    def save(self) -> list[Draft]:
        drafts, self._drafts = self._drafts, []
        with self._session.workspace.transaction():
            # Who described a target meanwhile, human or run, wins over the draft.
            tables: dict[TableId, Table | None] = {}
            for table_id in {table_of(draft.target) for draft in drafts}:
                tables[table_id] = self._session.snapshot.table(table_id)
            kept = [
                draft
                for draft in drafts
                if (table := tables[table_of(draft.target)]) is not None
                and table.comment_of(draft.target) is None
            ]
            self._session.suggestions.put((draft, None) for draft in kept)
        self._saved_at = time.monotonic()
        return kept


@contextmanager
def engine_of(
    model: Model | None, settings: Settings, *, stop: Callable[[], bool]
) -> Generator[Writer | None]:
    """A running engine that ends with the block; None for rules alone."""
    if model is None:
        yield None
        return
    with start_engine(model, settings, stop=stop) as engine:
        yield engine


def start_engine(
    model: Model,
    settings: Settings,
    *,
    stop: Callable[[], bool] = never,
) -> Writer:
    """A running engine for a model.

    Raises:
        ColumnistError: the model cannot be loaded, or its server does not answer.
    """
    engine: Writer
    if isinstance(model, RemoteModel):
        engine = RemoteEngine(model, seed=settings.seed)
    else:
        engine = Engine(engine_settings(model, settings))
        # Read while the engine's process loads its weights.
        if model.format is PromptFormat.COMPACT:
            threading.Thread(target=shipped, name="examples", daemon=True).start()
    try:
        engine.start(stop=stop)
    except ColumnistError:
        engine.close()
        raise
    return engine


def as_served(model: Model, engine: Writer) -> Model:
    """The model by the name that its server has for it, once that is known."""
    if model.endpoint is None:
        return model
    return RemoteModel(replace(model.endpoint, served=engine.served))
