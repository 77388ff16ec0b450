"""What Columnist's own bookkeeping costs as a catalog grows.

    python -m benchmarks.scale [--sizes 1000,10000,100000] [--bundled] [--json]

Each size is a synthetic catalog (10 columns a table, every tenth table documented) in a
workspace file that the catalog layer makes. It is planned and drafted as `columnist
draft` does it, with `tui.flow.drafting`, in a process of its own. The engine's process
is the real one with its pipe, scheduler and choice of tokens, but a **null model** for
llama.cpp: tokenizing and decoding answer at once. What is left is our own work.

Time a table is that of planning, divided by all tables, and of drafting, divided by the
tables drafted. All tables are drafted up to 10,000, and 2,000 of a larger catalog
(`--drafted` sets another number), the first of the plan. Planning goes over all of
them, then once more after drafting, as a run does that goes on later. `times smallest`
compares with the smallest catalog of the same repeat: 1 is flat.

Covered: reading tables from the workspace, finding what lacks a description, inheriting
from documented columns, prompts, pipe, scheduling, choosing tokens and texts, checks,
saving. Not covered: the database (samples come from a stand-in that answers at once),
reading its catalog, llama.cpp, the screens, and a workspace with more suggestions than
were drafted here.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import (
    AbstractContextManager,
    ExitStack,
    closing,
    contextmanager,
    nullcontext,
)
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, cast
from unittest import mock

from benchmarks.arms import WatchedEngine
from benchmarks.machine import Machine, machine
from benchmarks.measuring import (
    Json,
    arguments,
    cpu_seconds,
    interleave,
    mebibytes,
    median,
    peak_memory,
    ratio,
    ratio_text,
    table,
)
from catalog.addresses import DatabaseIdentity
from catalog.choice import Choices
from catalog.ledger import Ledger
from catalog.objects import Column, ColumnId, Profile, Table, TableId, TableKind
from catalog.snapshot import Snapshot
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from connectors.database import Database
from model.wire import EngineSettings
from tui.flow.draft_plan import Targets, plan_drafts
from tui.flow.drafting import draft
from tui.flow.engines import Running
from tui.flow.model_choice import library
from tui.flow.session import Session
from tui.flow.settings import Settings, locate

ROOT = Path(__file__).resolve().parent.parent
SIZES = (1_000, 10_000, 100_000)
WHOLE = 10_000
"""The largest catalog of which all tables are drafted."""
DRAFTED = 2_000
"""Tables drafted of a larger one."""
COLUMNS = 10
DOCUMENTED = 10
"""One table in so many has its comments."""
TABLES_A_SCHEMA = 200
BATCH = 500

_SUBJECTS = """
customer order invoice shipment product supplier claim policy account payment employee
contract patient visit sensor machine ticket campaign session vehicle
"""
_ASPECTS = """
detail history status summary event line note contact address balance forecast
snapshot adjustment assignment score limit plan audit batch alert
"""
_COLUMNS = """
created_at:timestamp updated_at:timestamp status_code:varchar(2) is_active:boolean
country_code:char(2) currency_code:char(3) net_amount:numeric(12,2) notes:text
tax_amount:numeric(12,2) valid_from:date valid_to:date owner_id:bigint
external_ref:varchar(40) source_system:varchar(20) unit_price:numeric(10,4)
order_qty:integer discount_pct:numeric(5,2) email:varchar(254) phone_no:text
postal_code:varchar(12) city_name:varchar(80) due_date:date closed_at:timestamp
priority_cd:char(1) region_code:varchar(6) batch_no:varchar(20) weight_kg:real
approved_by:varchar(40) reason_code:varchar(6) line_no:smallint rating:smallint
start_time:timestamp end_time:timestamp duration_min:integer channel:varchar(20)
payment_terms:varchar(10) cost_center:varchar(10) is_deleted:boolean tags:text
version_no:integer
"""
_CODES = {"status_code": ("AC", "CL", "OP"), "priority_cd": ("H", "L", "M")}
_STAGES = {
    "reading": "catalog.snapshot.Snapshot.table",
    "prompts": "model.draft.Drafter._prompts",
    "inheriting": "model.draft.Drafter._told",
    "choosing": "model.draft.Drafter._decide",
    "saving": "tui.flow.drafting._Saver.save",
}
"""What the time of drafting is split into, and the call that is timed for each. Saving
reads each table once more, which counts in both."""


# The catalog


def catalog(size: int, *, width: int = COLUMNS) -> Iterator[Table]:
    """The same tables each time, each of so many columns."""
    random = Random(0)
    subjects, aspects, names = _SUBJECTS.split(), _ASPECTS.split(), _COLUMNS.split()
    for number in range(size):
        subject = subjects[number % len(subjects)]
        aspect = aspects[number // len(subjects) % len(aspects)]
        table_id = TableId(
            f"area_{number // TABLES_A_SCHEMA}", f"{subject}_{aspect}_{number}"
        )
        chosen = [f"{subject}_id:bigint", *random.sample(names, width - 1)]
        documented = number % DOCUMENTED == 0
        columns = []
        for position, each in enumerate(chosen, 1):
            name, _, kind = each.partition(":")
            # Each says something of its own, as people do, so little is inherited.
            comment = (
                f"The {name} of {subject} {aspect} {number}." if documented else None
            )
            columns.append(
                Column(ColumnId(table_id, name), position, kind, comment=comment)
            )
        yield Table(
            table_id,
            TableKind.TABLE,
            tuple(columns),
            primary_key=(columns[0].name,),
            comment=f"One row per {subject} {aspect}." if documented else None,
        )


def build(path: Path, size: int, *, width: int = COLUMNS) -> None:
    """A workspace with a catalog, as a scan leaves it."""
    with Workspace(path) as workspace:
        number = workspace.database(
            DatabaseIdentity("benchmark", "benchmark"), url="none://"
        )
        snapshot = Snapshot(workspace, number)
        scan = snapshot.begin()
        tables = catalog(size, width=width)
        while batch := list(islice(tables, BATCH)):
            snapshot.save(batch, scan=scan)
        snapshot.finish(scan)


class _Dialect:
    why_no_comments = ""

    def refusal(self, _table: Table, _change: object) -> str | None:
        return None


class _Database:
    """Answers at once, for the time of databases is not ours."""

    dialect = _Dialect()

    def limit(self, _target_is_table: bool) -> int | None:
        return 1024

    def hold_open(self) -> AbstractContextManager[None]:
        return nullcontext()

    def profile(self, of: Table, **_: object) -> dict[str, Profile]:
        return {
            column.name: Profile(1000, 0.0, len(codes), codes=codes)
            for column in of.columns
            if (codes := _CODES.get(column.name))
        }


def session(workspace: Workspace, folder: Path) -> Session:
    """The workspace with a database that is not there."""
    number = workspace.database(
        DatabaseIdentity("benchmark", "benchmark"), url="none://"
    )
    return Session(
        settings=Settings(
            workspace.path, folder, folder / "connections.toml", folder / "models"
        ),
        workspace=workspace,
        database=cast("Database", _Database()),
        database_id=number,
        snapshot=Snapshot(workspace, number),
        suggestions=Suggestions(workspace, number),
        choices=Choices(workspace, number),
        ledger=Ledger(workspace, number),
    )


class NullEngine(WatchedEngine):
    """The product's engine, whose child has the null model in place of llama.cpp."""

    def _spawn(self) -> None:
        start = subprocess.Popen
        before = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r});"
            " from benchmarks.null_model import install; install();"
        )

        def with_null(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
            *head, code = command
            return start([*head, before + code], **options)

        with mock.patch("model.engine.subprocess.Popen", with_null):
            super()._spawn()


# One run


@contextmanager
def _stages() -> Iterator[dict[str, float]]:
    """Seconds spent in each stage while this is open."""
    spent = dict.fromkeys(_STAGES, 0.0)

    def timed(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timing(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return call(*given, **named)
            finally:
                spent[name] += time.perf_counter() - began

        return timing

    with ExitStack() as stack:
        for name, place in _STAGES.items():
            owner, _, attribute = place.rpartition(".")
            module, _, kind = owner.rpartition(".")
            found = getattr(getattr(sys.modules[module], kind), attribute)
            stack.enter_context(mock.patch(place, timed(name, found)))
        yield spent


def run_one(path: Path, most: int, *, bundled: bool) -> Json:
    """Plan and draft in this process; what it took."""
    known = library(locate())
    model = known.find(None) if bundled else known.own()
    if not bundled:  # nothing reads it, so any GGUF file will do: the adapter is one
        adapter = known.shipped / model.manifest["adapter"]["file"]
        model = replace(model, path=adapter)
    kind = WatchedEngine if bundled else NullEngine
    with (
        Workspace(path) as workspace,
        closing(kind(EngineSettings(model.path, gpu_layers=0))) as engine,
    ):
        engine.start()
        work = session(workspace, path.parent)
        began = time.perf_counter()
        plan = plan_drafts(work)
        planning = time.perf_counter() - began
        undocumented = len(plan.work)
        chosen = dict(islice(plan.work.items(), most))
        plan = replace(
            plan, work=Targets(chosen), targets=sum(map(len, chosen.values()))
        )
        child, cpu = cpu_seconds(engine.process), time.process_time()
        with _stages() as spent:
            began = time.perf_counter()
            drafts = sum(1 for _ in draft(work, plan, Running(engine, model)))
            drafting = time.perf_counter() - began
        app_cpu = time.process_time() - cpu
        child = cpu_seconds(engine.process) - child
        began = time.perf_counter()
        plan_drafts(work)
        again = time.perf_counter() - began
        began = time.perf_counter()
        tables = len(work.snapshot.summaries())
        listing = time.perf_counter() - began
        return {
            "tables": tables,
            "undocumented": undocumented,
            "drafted": len(chosen),
            "drafts": drafts,
            "planning_seconds": planning,
            "planning_again_seconds": again,
            "listing_seconds": listing,
            "drafting_seconds": drafting,
            "app_cpu_seconds": app_cpu,
            "engine_cpu_seconds": child,
            "stages": spent,
            "app_peak_bytes": peak_memory(),
            "engine_peak_bytes": peak_memory(engine.process),
            "workspace_bytes": path.stat().st_size,
        }


def drafted(size: int, asked: int | None) -> int:
    """Tables to draft at most of a catalog of that size."""
    return asked or (size if size <= WHOLE else DRAFTED)


def milliseconds(one: Json) -> float:
    """Time a table: planning over all of them, drafting over those drafted."""
    return 1000 * float(
        one["planning_seconds"] / one["tables"]
        + one["drafting_seconds"] / one["drafted"]
    )


# All runs


def measure(options: argparse.Namespace) -> dict[int, list[Json]]:
    """Every size in turns, each run in a process and a workspace of its own."""
    with tempfile.TemporaryDirectory(prefix="columnist-scale-") as name:
        folder = Path(name)
        for size in options.sizes:
            _say(f"making a catalog of {size:,} tables")
            build(folder / f"{size}.db", size)

        def one(size: int) -> Json:
            place = folder / "run"
            place.mkdir()
            shutil.copy(folder / f"{size}.db", place / "workspace.db")
            command = [sys.executable, "-m", "benchmarks.scale", "--drafted"]
            command += [str(drafted(size, options.drafted))]
            command += ["--one", str(place / "workspace.db")]
            command += ["--bundled"] if options.bundled else []
            done = subprocess.run(
                command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True
            )
            shutil.rmtree(place)
            found: Json = json.loads(done.stdout)
            return found

        found = interleave(
            {str(size): partial(one, size) for size in options.sizes},
            options.repeats,
            told=lambda name, repeat: _say(f"repeat {repeat + 1}: {int(name):,}"),
        )
    return {int(size): each for size, each in found.items()}


def report(runs: dict[int, list[Json]]) -> list[Json]:
    """Medians of each size, and its time a table as a multiple of the smallest's."""
    smallest = [milliseconds(one) for one in runs[min(runs)]]
    rows = []
    for size, each in runs.items():
        first = each[0]
        rows.append(
            {
                "tables": size,
                "drafted": first["drafted"],
                "drafts": first["drafts"],
                "milliseconds_a_table": median([milliseconds(one) for one in each]),
                "times_smallest": ratio(
                    [milliseconds(one) for one in each], smallest
                ).as_json(),
                "planning_milliseconds_a_table": _each(each, "planning_seconds", size),
                "planning_again_milliseconds_a_table": _each(
                    each, "planning_again_seconds", size
                ),
                "drafting_milliseconds_a_table": _each(
                    each, "drafting_seconds", first["drafted"]
                ),
                "app_cpu_milliseconds_a_table": _each(
                    each, "app_cpu_seconds", first["drafted"]
                ),
                "engine_cpu_milliseconds_a_table": _each(
                    each, "engine_cpu_seconds", first["drafted"]
                ),
                "stages_milliseconds_a_table": {
                    name: median(
                        [1000 * one["stages"][name] / one["drafted"] for one in each]
                    )
                    for name in _STAGES
                },
                "listing_seconds": median([one["listing_seconds"] for one in each]),
                "app_peak_bytes": median([one["app_peak_bytes"] for one in each]),
                "engine_peak_bytes": median([one["engine_peak_bytes"] for one in each]),
                "workspace_bytes": first["workspace_bytes"],
            }
        )
    return rows


def _each(runs: Sequence[Json], key: str, count: int) -> float:
    return median([1000 * one[key] / count for one in runs])


def lines(facts: Machine, rows: Sequence[Json], repeats: int, model: str) -> list[str]:
    """The report for people."""
    head = ["tables", "drafted", "ms a table", "times smallest", "plan", "plan again"]
    head += ["draft", "app CPU", "engine CPU", "list s", "app MiB", "engine MiB"]
    cells = [
        [
            f"{row['tables']:,}",
            f"{row['drafted']:,}",
            f"{row['milliseconds_a_table']:.2f}",
            ratio_text(row["times_smallest"]),
            f"{row['planning_milliseconds_a_table']:.3f}",
            f"{row['planning_again_milliseconds_a_table']:.3f}",
            f"{row['drafting_milliseconds_a_table']:.2f}",
            f"{row['app_cpu_milliseconds_a_table']:.2f}",
            f"{row['engine_cpu_milliseconds_a_table']:.2f}",
            f"{row['listing_seconds']:.2f}",
            mebibytes(row["app_peak_bytes"]),
            mebibytes(row["engine_peak_bytes"]),
        ]
        for row in rows
    ]
    stages = [
        [
            f"{row['tables']:,}",
            *(f"{row['stages_milliseconds_a_table'][name]:.2f}" for name in _STAGES),
        ]
        for row in rows
    ]
    return [
        *facts.lines(),
        f"work       {COLUMNS} columns a table, {model} model, medians of {repeats};"
        " times are ms a table",
        "",
        table(head, cells),
        "",
        "In the app, while drafting:",
        table(["tables", *_STAGES], stages),
    ]


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(part) for part in text.split(",")],
        default=list(SIZES),
        help="tables, with commas",
    )
    parser.add_argument(
        "--drafted", type=int, help="most tables that are drafted, at every size"
    )
    parser.add_argument(
        "--bundled",
        action="store_true",
        help="the program's own model in place of the null model: what memory it takes",
    )
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one = run_one(options.one, options.drafted, bundled=options.bundled)
        print(json.dumps(one))
        return
    facts = machine()
    rows = report(measure(options))
    if options.json:
        document = {
            "benchmark": "scale",
            "machine": facts.as_json(),
            "settings": {
                "columns": COLUMNS,
                "repeats": options.repeats,
                "model": "bundled" if options.bundled else "null",
            },
            "rows": rows,
        }
        print(json.dumps(document, indent=2))
    else:
        model = "bundled" if options.bundled else "null"
        print("\n".join(lines(facts, rows, options.repeats, model)))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
