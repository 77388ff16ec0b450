"""What a database's dialect says of itself: flags first, methods where flags end."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from importlib import metadata
from inspect import isabstract
from math import ceil
from typing import TYPE_CHECKING, ClassVar

from catalog.bounds import excluded, matches
from catalog.change import CommentChange
from catalog.errors import ColumnistError, UsageError
from catalog.objects import Table, TableId, TableKind, Target, column_of, table_of
from catalog.stopping import Stop
from connectors.comment_text import normal, text_problem
from connectors.database_session import (
    DatabaseSession,
    EngineSession,
    EngineSource,
    Fault,
    SessionSource,
)
from connectors.limits import Limits
from connectors.run import Allowed, Refused, Run, statement

if TYPE_CHECKING:
    from sqlalchemy import URL


@dataclass(frozen=True, slots=True)
class Selection:
    """Which tables a scan wants."""

    schemas: tuple[str, ...] = ()
    """Exact schema names; all but the system's where empty."""
    tables: tuple[str, ...] = ()
    """Case-sensitive patterns on `table` or `schema.table`; all where empty."""
    exclude: tuple[str, ...] = ()
    """Case-sensitive patterns on `schema` or `schema.table` that are left out."""
    kinds: frozenset[TableKind] = frozenset()
    """What the tables are; all kinds where empty."""

    def takes_schema(self, schema: str) -> bool:
        """Whether tables of this schema are wanted at all."""
        if any(fnmatchcase(schema, pattern) for pattern in self.exclude):
            return False
        return not self.schemas or schema in self.schemas

    def takes(self, table_id: TableId) -> bool:
        """Whether this table is wanted, as far as its name tells."""
        return (
            self.takes_schema(table_id.schema)
            and matches(table_id, self.tables)
            and not excluded(table_id, self.exclude)
        )

    @property
    def narrows_schema(self) -> bool:
        """Whether some tables of a wanted schema may be left out."""
        return bool(self.tables or self.exclude or self.kinds)

    def takes_kind(self, kind: TableKind) -> bool:
        """Whether tables of this kind are wanted."""
        return not self.kinds or kind in self.kinds


@dataclass(frozen=True, slots=True)
class ConnectFault:
    """A failure to connect that can be said in the steward's words."""

    pattern: str
    """Regular expression found in the server's or driver's message, or its code."""
    message: str
    """What is wrong; `{label}` is the database."""
    hint: str
    """What to do."""


def wrong_password(pattern: str) -> ConnectFault:
    """What a server says that does not let this user in."""
    return ConnectFault(
        pattern,
        "{label} refused the user name or the password.",
        "Check both; the password can be saved with the connection.",
    )


def no_database(pattern: str) -> ConnectFault:
    """What a server says that has no database of the URL's name."""
    return ConnectFault(
        pattern,
        "There is no such database: {label}.",
        "Check the name after the last slash of the URL.",
    )


class Dialect(ABC):
    """One database's ways; a subclass in a file of its own registers itself."""

    name: ClassVar[str]
    """Name of the file and of the dialect."""
    label: ClassVar[str]
    """The product's name, for people."""
    family: ClassVar[str] = ""
    """Name used in the database's key, where two dialects share one; else `name`."""
    drivername: ClassVar[str] = ""
    """SQLAlchemy driver used where the URL names none."""
    default_port: ClassVar[int | None] = None
    """Port where the URL names none."""
    sqlglot: ClassVar[str] = ""
    """sqlglot's name for the quoting of literals and identifiers."""
    is_file: ClassVar[bool] = False
    """The URL's database is the path of a file."""

    folds_tables: ClassVar[bool] = True
    """Unquoted names of tables and schemas mean the same in any case."""
    folds_columns: ClassVar[bool] = True
    """Unquoted names of columns do."""

    proved: ClassVar[bool] = False
    """Writing was proved against a live database; else it needs `unproved`."""
    why_no_comments: ClassVar[str] = ""
    """Why this database cannot hold comments; empty where it can."""
    table_keywords: ClassVar[Mapping[TableKind, str]] = {}
    """Allow-list: kinds that can have a comment of their own, with their SQL words."""
    column_kinds: ClassVar[frozenset[TableKind]] = frozenset()
    """Allow-list: kinds whose columns can have comments."""
    refused_columns: ClassVar[Mapping[TableKind, str]] = {}
    """Why columns of other kinds have none, where there is more to say than that."""
    restates: ClassVar[bool] = False
    """A statement restates the column's definition, so rendering needs a connection."""
    no_comment: ClassVar[str] = "NULL"
    """What stands after `COMMENT ON … IS` where a comment is cleared."""
    script_head: ClassVar[tuple[str, ...]] = ()
    """Statements that a script of comments begins with."""
    script_tail: ClassVar[tuple[str, ...]] = ()
    """Statements that it ends with."""
    table_limit: ClassVar[int | None] = None
    """Longest comment of a table, or None where none is known."""
    column_limit: ClassVar[int | None] = None
    """Longest comment of a column, or None where none is known."""
    limit_encoding: ClassVar[str] = ""
    """Limits count bytes in this encoding; characters where empty."""
    supplementary: ClassVar[bool] = True
    """Characters above U+FFFF survive in comments."""
    unfit_texts: ClassVar[Mapping[str, str]] = {}
    """Patterns of texts that would be stored as another one, each with the reason."""
    transactional: ClassVar[bool] = False
    """A comment takes part in a transaction and can be rolled back."""
    window: ClassVar[bool] = False
    """Between the check and the write a change of somebody else can be overwritten."""
    lock: ClassVar[str] = "none that is known"
    """What writing a comment locks, in words."""
    cannot: ClassVar[tuple[str, ...]] = ()
    """What it cannot do besides, a line each."""
    code_pattern: ClassVar[str] = ""
    """Finds the vendor's code in a message, as its group, where the driver has none."""
    lock_codes: ClassVar[frozenset[str]] = frozenset()
    """Error codes that mean: somebody holds a lock, try again."""
    refusals: ClassVar[Mapping[str, str]] = {}
    """Error code to the reason in the steward's words."""
    table_refusals: ClassVar[frozenset[str]] = frozenset()
    """Error codes that hold for the whole table, such as a missing privilege."""
    connect_faults: ClassVar[tuple[ConnectFault, ...]] = ()
    """Failures to connect, most telling first."""
    connect_arguments: ClassVar[Mapping[str, object]] = {}
    """What every connection is made with."""
    timeout_arguments: ClassVar[Mapping[str, str]] = {}
    """The URL's driver to its name for the seconds that connecting may take; the one
    of an empty name is for any driver."""
    isolation: ClassVar[str | None] = "AUTOCOMMIT"
    """How the driver is asked to commit; None where it cannot do otherwise."""
    session_type: ClassVar[type[EngineSession]] = EngineSession
    """What its sessions are, where they are SQLAlchemy's."""
    read_only_begin: ClassVar[str] = "BEGIN READ ONLY"
    """Begins a transaction that cannot write."""
    sample_query: ClassVar[str] = "SELECT {expressions} FROM {table} LIMIT {rows}"
    """Takes about so many `{rows}`, and may say how many `{seconds}` or
    `{milliseconds}` the server has."""
    as_text: ClassVar[Mapping[str, str]] = {
        "": "SUBSTR(CAST({column} AS VARCHAR(256)), 1, 256)"
    }
    """How a type begins, whatever its case, to what makes short text of such a column,
    or to nothing where nothing does; the first that fits, and no text if none does."""
    after_sample: ClassVar[str] = ""
    """Gives back what the functions of a view can take for a whole session."""
    identity_sql: ClassVar[str] = ""
    """Asks the server who it is: what stays the same at every address and after a
    restart, and what no copy of its files shares; empty where it does not say."""
    names_sql: ClassVar[str] = ""
    """Lists schema and name of all tables and views: what a file is known by, which
    does not say who it is."""
    database_is_schema: ClassVar[bool] = False
    """The URL's database is a schema, as the server knows of nothing above it."""
    schema_spelled: ClassVar[str] = ""
    """Asks how the server spells the schema of the URL; as it stands there if empty."""
    time_limit: ClassVar[str] = ""
    """Tells the server, in that transaction, how many `{milliseconds}` it has."""

    limits: Limits = Limits()
    """How much of this database to take; set where it is opened."""

    registry: ClassVar[dict[str, type[Dialect]]] = {}
    """Every dialect whose file was loaded."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "name" in cls.__dict__:
            cls.family = cls.__dict__.get("family", "") or cls.name
            Dialect.registry[cls.name] = cls

    # -- opening ---------------------------------------------------------------

    def complete(self, url: URL) -> URL:
        """The URL with what the database's own files on this machine add to it.

        Raises:
            ColumnistError: such a file cannot be read.
        """
        return url

    def source(self, url: URL, *, timeout: float, read_only: bool) -> SessionSource:
        """Where sessions of the database at `url` come from."""
        return EngineSource(
            url,
            connect_args=self.arguments(url, timeout),
            isolation=self.isolation,
            session=self.session_type,
        )

    def arguments(self, url: URL, timeout: float) -> dict[str, object]:
        """What connections are made with, but for what the URL itself says."""
        driver = url.drivername.partition("+")[2]
        wanted = dict(self.connect_arguments)
        for known, argument in self.timeout_arguments.items():
            if known in ("", driver):
                least = 2 if argument == "connect_timeout" else 1  # libpq makes 2 of 1
                wanted[argument] = max(least, ceil(timeout))
        return {name: wanted[name] for name in wanted if name not in url.query}

    def resolve(self, session: DatabaseSession) -> Dialect:
        """The dialect that the server turns out to speak; by default this one."""
        return self

    def schema_in(self, url: URL) -> str:
        """The schema that a URL names, which is then all there is; empty without one.

        Overridden where it does not stand in the place of the database.
        """
        return url.database or "" if self.database_is_schema else ""

    # -- reading ---------------------------------------------------------------

    @abstractmethod
    def scan(
        self, source: SessionSource, selection: Selection, stop: Stop
    ) -> Iterator[Table]:
        """Streams the selected tables, without the system's own."""

    @abstractmethod
    def read(
        self, session: DatabaseSession, table_id: TableId, *, brief: bool = False
    ) -> Table | None:
        """One table fresh from the catalog, or None where there is none.

        Args:
            session: Where to read.
            table_id: Which table.
            brief: Only the comments are wanted; keys and definitions may be missing.
        """

    def comments(
        self, session: DatabaseSession, tables: Sequence[TableId]
    ) -> dict[Target, str]:
        """The comments there are on some tables and their columns."""
        found: dict[Target, str] = {}
        for table_id in tables:
            table = self.read(session, table_id, brief=True)
            if table is None:
                continue
            if table.comment is not None:
                found[table.id] = table.comment
            for column in table.columns:
                if column.comment is not None:
                    found[column.id] = column.comment
        return found

    # -- sampling --------------------------------------------------------------

    def sample_sql(
        self, table: Table, expressions: Sequence[str], rows: int, seconds: float
    ) -> str:
        """A query for about `rows` rows of some expressions."""
        return self.sample_query.format(
            expressions=", ".join(expressions),
            table=self.sampled(table, rows),
            rows=rows,
            seconds=seconds,
            milliseconds=max(1, int(seconds * 1000)),
        )

    def sampled(self, table: Table, rows: int) -> str:
        """What the rows are taken from, by default the first of the table."""
        return self.table_name(table.id)

    def takes_first(self, table: Table, rows: int) -> bool:
        """Whether a sample is simply the first rows, so that fewer of them are all."""
        return self.sampled(table, rows) == self.table_name(table.id)

    def may_change(self, session: DatabaseSession, table: Table) -> bool:
        """Whether reading the table may do more than read; it is not sampled then.

        Overridden where views call functions that do, though nothing can be written.
        """
        return False

    def sample_expression(self, column: str, kind: str) -> str | None:
        """A column as short text; None for a type that makes no text."""
        for start, expression in self.as_text.items():
            if re.match(start, kind, re.IGNORECASE):
                return expression.format(column=self.quote(column)) or None
        return None

    # -- rendering -------------------------------------------------------------

    def text_refusal(self, change: CommentChange) -> str | None:
        """Why the text cannot be the target's comment, or None where it can."""
        for pattern, reason in self.unfit_texts.items():
            if re.search(pattern, change.text or ""):
                return reason
        is_column = column_of(change.target) is not None
        return text_problem(
            normal(change.text),
            limit=self.column_limit if is_column else self.table_limit,
            encoding=self.limit_encoding,
            supplementary=self.supplementary,
        )

    def literal(self, text: str) -> str:
        """A string literal that this database reads back as `text`."""
        from sqlglot import exp

        return exp.Literal.string(text).sql(dialect=self.sqlglot)

    def quote(self, *parts: str) -> str:
        """A dotted name with every part quoted."""
        from sqlglot import exp

        return ".".join(
            exp.Identifier(this=part, quoted=True).sql(dialect=self.sqlglot)
            for part in parts
        )

    def table_name(self, table_id: TableId) -> str:
        """The quoted name of a table."""
        return self.quote(table_id.schema, table_id.name)

    def refusal(self, table: Table, change: CommentChange) -> str | None:
        """Why the object itself cannot have a comment, from the allow-list."""
        if self.why_no_comments:
            return self.why_no_comments
        name = column_of(change.target)
        if name is None:
            if table.kind not in self.table_keywords:
                return f"{self.label} has no comments on a {table.kind.value}"
            return table.comment_refused
        column = table.column(name)
        if column is None:
            return f"{table.id} has no column {name}"
        if table.kind not in self.column_kinds:
            none = f"{self.label} has no comments on columns of a {table.kind.value}"
            return self.refused_columns.get(table.kind, none)
        return column.comment_refused

    def sql(self, table: Table, change: CommentChange, basis: str) -> str:
        """The statement of one change, or its clause where others are in it too.

        By default `COMMENT ON … IS …`, which most databases have.
        """
        name = column_of(change.target)
        if name is None:
            what = f"{self.table_keywords[table.kind]} {self.table_name(table.id)}"
        else:
            what = f"COLUMN {self.table_name(table.id)}.{self.quote(name)}"
        text = normal(change.text)
        value = self.no_comment if text is None else self.literal(text)
        return f"COMMENT ON {what} IS {value}"

    def bases(
        self,
        session: DatabaseSession | None,
        table: Table,
        changes: Sequence[CommentChange],
    ) -> list[str]:
        """What the statement of each change says of it besides its comment.

        By default what its table is. Asked again before the statement is executed:
        where it is another by then, the change is a conflict.
        """
        return [self.table_keywords.get(table.kind, table.kind.value)] * len(changes)

    def render(
        self,
        session: DatabaseSession | None,
        table: Table,
        changes: Sequence[CommentChange],
        *,
        allow_rebuild: bool = False,
    ) -> Run:
        """The statements that make these changes, and the changes that have none.

        One a change; overridden where it carries several.

        Args:
            session: Needed only where `restates` is true.
            table: The table as last read.
            changes: Changes that were not refused.
            allow_rebuild: Copying the whole table is allowed.
        """
        bases = self.bases(session, table, changes)
        return Run(
            tuple(
                statement(change, self.sql(table, change, basis), basis)
                for change, basis in zip(changes, bases, strict=True)
            )
        )

    def plan(
        self,
        session: DatabaseSession | None,
        table: Table,
        changes: Sequence[CommentChange],
        allowed: Allowed,
    ) -> Run:
        """The run that makes some changes to one table.

        Args:
            session: Needed only where `restates` is true.
            table: The table as last read.
            changes: Changes to it and its columns.
            allowed: What the run may do.
        """
        fine: list[CommentChange] = []
        refused: list[Refused] = []
        for change in changes:
            if (reason := self._why_not(table, change, allowed)) is None:
                fine.append(change)
            else:
                refused.append((change, reason))
        if not fine:
            return Run(refused=tuple(refused))
        run = self.render(session, table, fine, allow_rebuild=allowed.rebuild)
        costs = self.costs if run.statements else ()
        return replace(run, refused=(*refused, *run.refused), costs=costs)

    def _why_not(
        self, table: Table, change: CommentChange, allowed: Allowed
    ) -> str | None:
        """Why a change is refused before any SQL runs, or None where it is fine."""
        if table_of(change.target) != table.id:
            return f"{change.target} does not belong to {table.id}"
        if (reason := self.refusal(table, change)) is not None:
            return reason
        if not (self.proved or allowed.unproved):
            return (
                f"writing comments to {self.label} was never tried on a live server; "
                "--unproved allows it"
            )
        if allowed.restoring and "\0" not in (change.text or ""):
            return None
        return self.text_refusal(change)

    @property
    def costs(self) -> tuple[str, ...]:
        """What writing holds up, and what it cannot promise; a line each."""
        lines = (f"Each statement locks {self.lock}.",)
        if not self.window:
            return lines
        return (
            *lines,
            f"{self.label} cannot compare and write in one step: what somebody else"
            " writes in the instant between is overwritten.",
        )

    # -- writing ---------------------------------------------------------------

    def denied(
        self, source: SessionSource, tables: Sequence[TableId]
    ) -> Mapping[TableId, str]:
        """Which of these tables this user may not comment on now, and why.

        Overridden where a query or two tell it for all of them; what is not told here
        the server refuses when it is written.
        """
        return {}

    def pin(self, session: DatabaseSession) -> None:
        """Pins what rendering relies on, reads it back, raises where it is not so."""
        return

    def check_pins(self, pins: Mapping[str, object], found: Iterable[object]) -> None:
        """Raises where a setting, read back, is not what it was pinned to."""
        for (name, wanted), there in zip(pins.items(), found, strict=True):
            if wanted != there:
                raise ColumnistError(
                    f"{self.label} keeps {name} at {there} instead of {wanted}.",
                    "Nothing was written; ask the administrator which proxy, role or "
                    "setting does that.",
                )

    def lock_holders(self, session: DatabaseSession, table_id: TableId) -> str:
        """Who holds locks on a table, as far as the server tells; may be empty."""
        return ""

    def code(self, fault: Fault) -> str:
        """The code of a fault, from its message where the driver gives none."""
        if fault.code or not self.code_pattern:
            return fault.code
        found = re.search(self.code_pattern, fault.message)
        return found[1] if found else ""

    def explain(self, fault: Fault) -> str:
        """Why the server refused, in the steward's words where they are known."""
        known = self.refusals.get(self.code(fault))
        return f"{known} ({fault.message})" if known else fault.message


ENTRY_POINTS = "columnist.dialects"
"""Group in which another package names its dialects: `name = "module:Class"`."""


def dialect_named(name: str) -> Dialect | None:
    """The dialect of that name, whose file is loaded now; None where there is none.

    Raises:
        UsageError: Another package brings it, and it cannot be loaded.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        return None
    module = f"connectors.dialects.{name}"
    if importlib.util.find_spec(module) is not None:
        importlib.import_module(module)
    elif name not in Dialect.registry:
        _load_from_package(name)
    found = Dialect.registry.get(name)
    return found() if found is not None else None


def dialect_names() -> list[str]:
    """Every dialect with a file of its own, and those that other packages bring."""
    import connectors.dialects as package

    files = pkgutil.iter_modules(package.__path__)
    own = [file.name for file in files if not file.ispkg]
    brought = [point.name for point in metadata.entry_points(group=ENTRY_POINTS)]
    return sorted({*own, *brought} - {"bases", "dialect"})


def _load_from_package(name: str) -> None:
    for point in metadata.entry_points(group=ENTRY_POINTS, name=name):
        try:
            found: object = point.load()
        except Exception as error:  # whatever a stranger's module does
            words = " ".join(str(error).split())
            raise UsageError(
                f"The dialect {name} of {point.value} cannot be loaded: {words}",
                "Update or remove the package that brings it.",
            ) from error
        if (
            not isinstance(found, type)
            or not issubclass(found, Dialect)
            or isabstract(found)
        ):
            raise UsageError(
                f"The dialect {name} of {point.value} is no full subclass of Dialect.",
                "Update or remove the package that brings it.",
            )
        Dialect.registry[name] = found
