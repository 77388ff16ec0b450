"""The command line as a script uses it: JSON, states, exit codes, the database."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import comments

COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture
def run(tiny_model: Path) -> Run:
    def call(*arguments: object, model: Path | None = tiny_model) -> Done:
        options = ["--model", str(model)] if model else []
        done = subprocess.run(
            [*COLUMNIST, *options, *map(str, arguments)],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return call


def test_what_libraries_log_is_not_shown() -> None:
    """SQLAlchemy logs a lost connection with a traceback, beside our line about it."""
    code = """
        import logging
        from tui import cli
        pool = logging.getLogger("sqlalchemy.pool")
        cli.app = lambda **_: pool.error("reset", exc_info=OSError("gone"))
        cli.main()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture
def url(shop: Path) -> str:
    return f"duckdb:///{shop}"


@pytest.mark.gguf
def test_the_whole_job_by_command(run: Run, url: str, shop: Path) -> None:
    before = comments(shop)
    coverage = run("scan", url, "--json").json
    assert coverage["total"] == {
        "tables": 5,
        "tables_described": 0,
        "columns": 17,
        "columns_described": 2,
    }
    drafted = run("draft", url, "--json").json
    assert drafted["tables"] == 5
    assert drafted["columns"] == 15
    total = drafted["drafted"] + drafted["inherited"] + drafted["abstained"]
    assert total == 20
    assert drafted["generated_tokens"] > 0
    lines = run("suggestions", url, "--jsonl").out.splitlines()
    suggestions = [json.loads(line) for line in lines]
    assert len(suggestions) == 20
    inherited = next(s for s in suggestions if s["source"] == "inherited")
    assert inherited["table"] == "orders"
    assert inherited["origin"] == "sales.customers.customer_id"
    again = run("draft", url, "--json").json
    assert again["tables"] == again["drafted"] == 0

    accepted = run("accept", url, "--all", "--json").json["accepted"]
    waiting = [s for s in suggestions if s["state"] == "pending"]
    assert 0 < accepted <= len(waiting)
    plan = run("apply", url, "--dry-run", "--json").json
    assert len(plan["items"]) == accepted
    assert comments(shop) == before
    applied = run("apply", url, "--yes", "--json")
    assert applied.code == 0
    assert applied.json["written"] == accepted
    after = comments(shop)
    assert len(after) == len(before) + accepted
    for suggestion in waiting:
        place = (suggestion["schema"], suggestion["table"], suggestion["column"])
        if place in after:
            assert after[place] == suggestion["text"]

    reverted = run("revert", url, "--run", applied.json["run"], "--yes", "--json")
    assert reverted.json["written"] == accepted
    assert comments(shop) == before
    states = [
        json.loads(line)["state"]
        for line in run("suggestions", url, "--jsonl").out.splitlines()
    ]
    assert states.count("pending") == accepted
    assert run("revert", url, "--last", "--yes").code == 3


@pytest.mark.gguf
def test_drafting_is_bounded_by_tables_and_patterns(run: Run, url: str) -> None:
    assert run("draft", url, "--limit", 2, "--json").json["tables"] == 2
    only = run("draft", url, "--table", "legacy.*", "--no-samples", "--json").json
    assert only["tables"] <= 1
    redone = run("draft", url, "--redo", "--schema", "sales", "--json").json
    assert redone["tables"] == 4


@pytest.mark.gguf
def test_bulk_decisions_are_counted_and_narrow_together(run: Run, url: str) -> None:
    run("draft", url)
    assert run("accept", url).code == 2
    none = run("accept", url, "--table", "sales.*", "--min-confidence", 1, "--json")
    assert none.code == 0
    assert none.json["accepted"] == 0
    some = run("accept", url, "--table", "sales.orders", "--json").json["accepted"]
    assert some > 0
    states = run("suggestions", url, "--state", "accepted", "--jsonl").out
    assert len(states.splitlines()) == some
    rejected = run("reject", url, "--all", "--json").json["rejected"]
    assert some + rejected == 20
    assert run("reject", url, "--all", "--json").json["rejected"] == 0


def test_a_threshold_not_met_ends_with_three(run: Run, url: str) -> None:
    low = run("scan", url, "--fail-under", 50)
    assert low.code == 3
    assert "%" in low.err
    assert run("scan", url, "--fail-under", 5).code == 0


def test_a_database_without_tables_is_not_described(run: Run, tmp_path: Path) -> None:
    url = f"duckdb:///{tmp_path / 'empty.duckdb'}"
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    found = run("scan", url)
    assert found.code == 0
    assert "%" not in found.out
    assert run("scan", url, "--json").json["total"]["tables"] == 0
    low = run("scan", url, "--fail-under", 1)
    assert low.code == 3
    assert "nothing to describe" in low.err
    assert run("scan", url, "--fail-under", 0).code == 0
    report = tmp_path / "report.html"
    assert run("metrics", url, "--html", report).code == 0
    assert "There was nothing to describe." in report.read_text()


def test_tables_lists_what_is_undocumented(run: Run, url: str, shop: Path) -> None:
    tables = run("tables", url, "--json").json
    assert {table["table"] for table in tables} >= {"customers", 'odd "table".%'}
    orders = next(table for table in tables if table["table"] == "orders")
    assert orders["kind"] == "table"
    assert orders["rows"] == 600
    views = [table for table in tables if table["kind"] == "view"]
    assert [view["table"] for view in views] == ["open_orders"]


@pytest.mark.gguf
def test_a_comment_changed_meanwhile_is_a_conflict_not_overwritten(
    run: Run, url: str, shop: Path
) -> None:
    run("draft", url)
    run("accept", url, "--table", "sales.orders")
    connection = duckdb.connect(str(shop))
    connection.execute("COMMENT ON TABLE sales.orders IS 'Theirs.'")
    connection.close()
    done = run("apply", url, "--yes", "--json")
    assert done.code == 4
    assert done.json["conflicts"] == 1
    assert comments(shop)["sales", "orders", None] == "Theirs."
    (conflict,) = run("suggestions", url, "--state", "conflict").out.splitlines()
    assert "sales.orders" in conflict


@pytest.mark.parametrize("ending", ["csv", "json", "yml"])
def test_documentation_goes_out_and_comes_back(
    run: Run, url: str, shop: Path, tmp_path: Path, ending: str
) -> None:
    form = "dbt" if ending == "yml" else ending
    file = tmp_path / f"out.{ending}"
    assert run("export", url, "--format", form, "-o", file).code == 0
    connection = duckdb.connect(str(shop))
    connection.execute("COMMENT ON COLUMN sales.customers.email IS NULL")
    connection.close()
    run("scan", url)
    imported = run("import", url, file, "--json")
    left: dict[str, list[str]] = {"kept": [], "unknown": [], "left_out": []}
    assert imported.json == {"imported": 1, **left}
    (line,) = run("suggestions", url, "--jsonl").out.splitlines()
    suggestion = json.loads(line)
    assert suggestion["text"] == "Address written to by support."
    assert suggestion["source"] == "imported"
    assert suggestion["state"] == "pending"


def test_importing_what_does_not_exist_lists_it_and_ends_with_three(
    run: Run, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "in.csv"
    file.write_text(
        "schema,table,column,description\nsales,orders,,All orders.\nx,y,z,Gone.\n"
    )
    done = run("import", url, file, "--json")
    assert done.code == 3
    left = {"kept": [], "unknown": ["x.y.z"], "left_out": []}
    assert done.json == {"imported": 1, **left}


DBT = """
models:
  - name: orders
    config: {schema: sales}
    description: "{{ doc('orders') }}"
    columns:
      - {name: ORDER_ID, description: Key of the order.}
      - {name: customer_id, description: [a, list]}
"""


def test_a_reference_of_dbt_is_resolved_or_named_and_never_a_text(
    run: Run, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "schema.yml"
    file.write_text(DBT)
    done = run("import", url, file, "--json")
    assert done.code == 3
    assert done.json["imported"] == 1
    assert [each["what"] for each in done.json["left_out"]] == [
        "sales.orders",
        "sales.orders.customer_id",
    ]
    assert "--dbt-project" in done.json["left_out"][0]["reason"]
    told = run("import", url, file).err
    assert "left out  sales.orders.customer_id: its description is a list" in told
    (line,) = run("suggestions", url, "--jsonl").out.splitlines()
    assert json.loads(line)["column"] == "order_id"

    project = tmp_path / "project"
    project.mkdir()
    (project / "docs.md").write_text("{% docs orders %} All orders. {% enddocs %}")
    wrong = run("import", url, file, "--dbt-project", project)
    assert wrong.code == 2
    assert "dbt_project.yml" in wrong.err
    (project / "dbt_project.yml").write_text("name: shop\n")
    done = run("import", url, file, "--dbt-project", project)
    assert done.code == 3
    lines = run("suggestions", url, "--jsonl").out.splitlines()
    assert json.loads(lines[0])["text"] == "All orders."


def test_a_text_with_other_white_space_at_its_end_is_no_change(
    run: Run, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "in.csv"
    file.write_text(
        "schema;table;column;description\n"
        'sales;customers;email;"Address written to by support. \n"\n'
        'sales;customers;;" \n"\n'
    )
    done = run("import", url, file)
    assert done.code == 0
    assert "in.csv: It is separated by semicolons." in done.err
    assert not run("suggestions", url, "--jsonl").out


@pytest.mark.parametrize("form", ["csv", "json", "sql", "dbt", "markdown"])
def test_stdout_has_the_bytes_of_the_file_whatever_the_locale(
    url: str, shop: Path, tmp_path: Path, form: str
) -> None:
    connection = duckdb.connect(str(shop))
    connection.execute("COMMENT ON TABLE sales.orders IS 'Größe 😀 in € \\ {{ x }}'")
    connection.close()
    file = tmp_path / "out"
    export = [*COLUMNIST, "export", url, "--format", form]
    subprocess.run([*export, "-o", str(file)], check=True, timeout=60)
    assert "Größe 😀 in €".encode() in file.read_bytes()
    latin = {"PYTHONIOENCODING": "latin-1"}
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    named = (["-o", "-"], ["-o", "/dev/stdout"])
    for more, locale in (([], latin), ([], plain), *((name, latin) for name in named)):
        done = subprocess.run(
            [*export, *more],
            env=os.environ | locale,
            capture_output=True,
            check=True,
            timeout=60,
        )
        assert done.stdout == file.read_bytes()


def test_importing_something_else_than_was_decided_is_told_and_ends_with_three(
    run: Run, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "in.csv"
    for text in ("Old.", "New."):
        file.write_text(f"schema,table,column,description\nsales,orders,,{text}\n")
        done = run("import", url, file, "--json")
        run("accept", url, "--all")
    assert done.code == 3
    kept = {"schema": "sales", "table": "orders", "column": None}
    kept |= {"state": "accepted", "text": "Old."}
    left = {"kept": [kept], "unknown": [], "left_out": []}
    assert done.json == {"imported": 0, **left}
    said = run("import", url, file)
    assert "kept      sales.orders: accepted before, Old." in said.err


def test_a_refused_text_is_written_once_its_table_is_back(
    run: Run, url: str, shop: Path, tmp_path: Path
) -> None:
    """dbt rebuilds tables: what was refused meanwhile was stuck for ever."""

    def change(sql: str) -> None:
        with duckdb.connect(str(shop)) as connection:
            connection.execute(sql)

    change("CREATE TABLE sales.built (i INTEGER)")
    file = tmp_path / "in.csv"
    file.write_text("schema,table,column,description\nsales,built,,Built.\n")
    run("import", url, file)
    run("accept", url, "--all")
    change("DROP TABLE sales.built")
    for _ in range(2):
        refused = run("apply", url, "--yes", "--json")
        assert refused.code == 3
        assert refused.json["refused"] == 1
    change("CREATE TABLE sales.built (i INTEGER)")
    assert run("apply", url, "--yes", "--json").json["written"] == 1
    assert comments(shop)["sales", "built", None] == "Built."


def test_export_as_sql_is_the_script_that_documents_a_copy(
    run: Run, url: str, shop: Path, tmp_path: Path
) -> None:
    script = run("export", url, "--format", "sql").out
    connection = duckdb.connect(str(shop))
    connection.execute("COMMENT ON COLUMN sales.customers.email IS NULL")
    connection.execute(script)
    connection.close()
    assert (
        comments(shop)["sales", "customers", "email"]
        == "Address written to by support."
    )


def test_read_only_refuses_to_write(run: Run, url: str, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text("schema,table,column,description\nsales,orders,,All orders.\n")
    run("import", url, file)
    run("accept", url, "--all")
    done = run("--read-only", "apply", url, "--yes")
    assert done.code == 3
    assert "read-only" in done.err


def test_nothing_is_asked_without_a_terminal(
    run: Run, url: str, shop: Path, tmp_path: Path
) -> None:
    file = tmp_path / "in.csv"
    file.write_text("schema,table,column,description\nsales,orders,,All orders.\n")
    run("import", url, file)
    run("accept", url, "--all")
    done = run("apply", url)
    assert done.code == 2
    assert "--yes" in done.err
    assert ("sales", "orders", None) not in comments(shop)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["scan"], 2, "URL"),
        (["scan", "nowhere"], 2, "neither a URL nor a saved connection"),
        (["scan", "duckdb:////nowhere/file.duckdb"], 1, "nowhere/file.duckdb"),
        (["scan", "nosuchdb://host/db"], 2, "nosuchdb"),
        (["scan", "postgresql://u@127.0.0.1:9/db"], 1, "127.0.0.1"),
        (["scan", "mysql://u@127.0.0.1:9/db"], 1, "127.0.0.1"),
        (["--password-env", "NO_SUCH", "scan", "mysql://u@h/db"], 2, "NO_SUCH"),
        (["scan", "duckdb:///x", "--kind", "tabel"], 2, "tabel"),
        (["--model", "/nowhere.gguf", "models", "show", "/nowhere.gguf"], 2, "nowhere"),
        (["nonsense"], 2, "nonsense"),
        (["open"], 2, "terminal"),
        (["--workspace", "/proc/x/workspace.db", "scan", "duckdb:///x"], 1, ""),
    ],
)
def test_wrong_input_is_one_clear_line_and_its_exit_code(
    run: Run, arguments: list[str], code: int, message: str
) -> None:
    done = run(*arguments)
    assert done.code == code, done.err
    assert message in done.err
    assert len(done.err.strip().splitlines()) <= 2
    assert done.out == ""


@pytest.mark.gguf
def test_a_file_that_is_no_model_is_refused_before_anything_is_read(
    run: Run, url: str, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\xff" * 100)
    done = run("draft", url, model=broken)
    assert done.code == 1
    assert "broken.gguf" in done.err


def test_connections_are_saved_without_their_password(run: Run, url: str) -> None:
    assert run("connections", "add", "shop", url).code == 0
    (saved,) = run("connections", "list", "--json").json
    assert (saved["name"], saved["url"]) == ("shop", url)
    assert run("scan", "shop", "--json").json["total"]["tables"] == 5
    assert run("connections", "add", "shop", url).code == 2
    assert run("connections", "remove", "shop").code == 0
    assert run("connections", "list", "--json").json == []
    assert run("connections", "remove", "shop").code == 2


def test_a_password_never_reaches_the_connections_file(
    run: Run, tmp_path: Path
) -> None:
    run("connections", "add", "pg", "postgresql://me:s3cret@host/db")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"s3cret" in path.read_bytes() for path in files)
    assert "s3cret" not in run("connections", "list").out


@pytest.mark.gguf
def test_models_are_added_verified_and_shown(run: Run, tiny_model: Path) -> None:
    copy = tiny_model.with_name("copy.gguf")
    copy.write_bytes(tiny_model.read_bytes())
    assert run("models", "add", copy, "--name", "mine").code == 0
    names = [model["name"] for model in run("models", "list", "--json").json]
    assert names[-1] == "mine"
    assert run("models", "verify", "mine").code == 0
    with copy.open("ab") as file:
        file.write(b"x")
    assert run("models", "verify", "mine").code == 3
    assert run("models", "show", "mine", "--json").json["name"] == "mine"
    assert run("models", "show", "nothing").code == 2


@pytest.mark.gguf
def test_doctor_tells_where_the_model_runs_and_why(run: Run) -> None:
    checks = {check["name"]: check for check in run("doctor", "--json").json}
    assert checks["model"]["ok"]
    assert "test batch" in checks["model"]["detail"]
    assert checks["engine"]["detail"].startswith(("CPU: ", "GPU: "))
    assert checks["sandbox"]["ok"]
    assert "sockets and new processes" in checks["sandbox"]["detail"]
    assert all(checks[name]["ok"] for name in ("DuckDB", "PostgreSQL"))


def test_text_from_the_database_cannot_drive_the_terminal(
    run: Run, url: str, shop: Path
) -> None:
    connection = duckdb.connect(str(shop))
    connection.execute('CREATE TABLE "a\x1b[2J[red]b" (i INTEGER)')
    connection.close()
    done = run("tables", url)
    assert "\x1b" not in done.out
    assert "[red]b" in done.out


@pytest.mark.gguf
def test_sqlite_holds_no_comments_but_its_documentation_goes_to_files(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "app.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE orders (order_id INTEGER, order_date TEXT)")
    connection.close()
    before = path.read_bytes()
    url = f"sqlite:///{path}"
    assert "cannot hold comments" in run("scan", url).err
    assert run("draft", url, "--json").json["columns"] == 2
    accepted = run("accept", url, "--all", "--json").json["accepted"]
    assert accepted > 0
    applied = run("apply", url, "--yes", "--json")
    assert applied.code == 3
    assert applied.json["refused"] == accepted
    assert "cannot hold comments" in applied.json["items"][0]["reason"]
    exported = run("export", url, "--format", "csv").out
    assert len(exported.splitlines()) == accepted + 1
    assert path.read_bytes() == before


def test_a_broken_view_is_named_and_counted_and_the_rest_is_read(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "app.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE gone (a); CREATE TABLE kept (b);"
            " CREATE VIEW v AS SELECT a FROM gone; DROP TABLE gone;"
        )
    url = f"sqlite:///{path}"
    assert "main.kept" in run("tables", url).out
    scanned = run("scan", url, "--json")
    assert scanned.code == 0
    assert scanned.json["changes"]["unread"] == {"main.v": "no such table: main.gone"}
    assert "Could not read 1 table; left out:\n  main.v: no such" in scanned.err


def test_a_terminal_that_is_not_utf8_gets_escapes_not_a_traceback(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = duckdb.connect(str(shop))
    connection.execute('CREATE TABLE "表" (i INTEGER)')
    connection.close()
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    terminal, end = os.openpty()
    done = subprocess.run(
        [*COLUMNIST, "tables", f"duckdb:///{shop}"],
        stdout=end,
        check=False,
        timeout=60,
    )
    shown = os.read(terminal, 10_000)
    os.close(terminal)
    os.close(end)
    assert done.returncode == 0
    assert b"\\u8868" in shown


def test_a_second_scan_tells_what_changed_and_can_fail_on_it(
    run: Run, url: str, shop: Path
) -> None:
    run("scan", url)
    with duckdb.connect(str(shop)) as connection:
        connection.execute("DROP VIEW sales.open_orders")
        connection.execute("DROP TABLE sales.orders")
        connection.execute(
            "ALTER TABLE sales.customers ALTER email TYPE INTEGER USING length(email)"
        )
        connection.execute("ALTER TABLE legacy.zz9 RENAME TO zz10")
    done = run("scan", url)
    assert "1 changed table, 2 dropped tables" in done.err
    assert "Renamed: legacy.zz9 is legacy.zz10 now." in done.err
    assert "May be out of date: sales.customers.email" in done.err
    failed = run("scan", url, "--fail-on-outdated", "--json")
    assert failed.code == 3
    document = failed.json
    assert document["changes"]["changed"] == []
    assert [each["column"] for each in document["outdated"]] == ["email"]
