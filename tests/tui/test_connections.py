"""`connections.toml`: what may stand in it, and that all of it is used."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.errors import ColumnistError, UsageError
from catalog.objects import TableId, TableKind
from catalog.suggestion import Draft, Source, State
from connectors.limits import Limits
from tui.flow import draft_plan, scanning
from tui.flow.connection_file import SavedConnection, read_connections
from tui.flow.connections import Connections
from tui.flow.session import Session, open_session, settings_for
from tui.flow.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]
FILE = Path("/conf/connections.toml")


def columnist(*arguments: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COLUMNIST, *map(str, arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def write(settings: Settings, text: str) -> Connections:
    settings.connections.parent.mkdir(parents=True, exist_ok=True)
    settings.connections.write_text(text)
    return Connections(settings.connections)


# What may stand in it


def test_the_example_in_the_documents_is_valid_and_names_every_key() -> None:
    text = (ROOT / "docs" / "connections.md").read_text()
    example = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)[0]
    prod, demo = read_connections(FILE, example)
    assert prod == SavedConnection(
        "prod",
        "postgresql://me@db.example.com/warehouse?sslmode=verify-full"
        "&sslrootcert=/etc/ssl/ca.pem",
        ("sales", "finance"),
        ("*.tmp_*", "finance.audit*"),
        (TableKind.TABLE, TableKind.VIEW),
        Path("/conf/terms.csv"),
        Path("/conf/style.toml"),
        "columnist-135m",
        "PROD_PASSWORD",
        Limits(500, 2.5, 1, 1, 60),
    )
    assert demo == SavedConnection("demo", "duckdb:////data/demo.duckdb")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]\nurl = ", "connections.toml:2: invalid value."),
        ('[a]\nurl = "s3cret', "connections.toml:2: "),
        ("x = 1", "connections.toml:1: x must stand below a [name]."),
        ("\n[a]\nschemas = []", "connections.toml:2: a has no url."),
        ('[a]\nurl = "nonsense"', "connections.toml:2: url: "),
        ("[a]\nurl = 3", "connections.toml:2: url must be a text."),
        (
            '[a]\nurl = "duckdb:///x"\n[b]\nurl = "duckdb:///y"\n[a]\n',
            "connections.toml:5: there is a second connection a.",
        ),
        (
            '[a]\nurl = "duckdb:///x"\nurl = "duckdb:///y"\n',
            "connections.toml:3: cannot overwrite a value.",
        ),
        (
            '[a]\nurl = "duckdb:///x"\nshemas = ["s"]',
            "connections.toml:3: shemas is no setting; did you mean schemas?",
        ),
        (
            '# one\n\n[a]\nurl = "duckdb:///x"\nexclude = [\n  "a",\n  1,\n]',
            "connections.toml:5: exclude must be a list",
        ),
        (
            '[a]\nurl = "duckdb:///x"\n\n[a.limits]\n'
            "sample_seconds = 1.5\n\nsample_rows = 0",
            "connections.toml:7: limits.sample_rows must be a whole number above 0.",
        ),
        (
            '[a]\nurl = """\nduckdb:///x"""\nlimits.sample_rows = 1.5',
            "connections.toml:4: limits.sample_rows must be a whole number above 0.",
        ),
        (
            '[a]\nurl = "duckdb:///x"\nlimits = {lock_seconds = true}',
            "connections.toml:3: limits.lock_seconds must be a number of seconds",
        ),
        (
            '["a b"]\nurl = "duckdb:///x"\n["a b".limits]\nconections = 2',
            "connections.toml:4: limits.conections is no setting; did you mean",
        ),
        (
            '[a]\nurl = "duckdb:///x"\npassword_env = "$PW"',
            "connections.toml:3: password_env must be the name",
        ),
        (
            '[a]\nurl = "postgresql://u:s3cret@h/d"',
            "connections.toml:2: url holds a password, which this file may not.",
        ),
        (
            '[a]\nurl = "mysql://u@h/d?password=s3cret"',
            "connections.toml:2: url holds a password, which this file may not.",
        ),
        (
            '[a]\nurl = "snowflake://u@a/d?token=s3cret"',
            "connections.toml:2: url: The URL's option token looks like a secret",
        ),
        (
            '[a]\nurl = "duckdb:///x"\nmodel = "https://s3cret@host/v1"',
            "connections.toml:3: model holds a user or a key",
        ),
        ('[[a]]\nurl = "duckdb:///x"', "connections.toml:1: a must stand below"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_connections(FILE, text)
    assert caught.value.message.startswith(message)
    assert "\n" not in caught.value.message
    assert "s3cret" not in caught.value.message + caught.value.hint
    assert caught.value.hint


def test_a_mistake_is_wrong_usage_of_every_command_that_needs_the_file(
    settings: Settings,
) -> None:
    write(settings, '[a]\nurl = "duckdb:///x"\nshema = "s"\n')
    for command in (
        ["scan", "a"],
        ["connections", "list"],
        ["connections", "show", "a"],
    ):
        done = columnist(*command)
        assert done.returncode == 2
        assert done.stderr.startswith("columnist: connections.toml:3: ")
    # A broken file is no reason to refuse a URL.
    assert "There is no DuckDB file" in columnist("scan", "duckdb:////x").stderr


def test_adding_keeps_comments_and_refuses_what_could_not_be_read(
    settings: Settings, tmp_path: Path
) -> None:
    write(settings, '# ours\n[a]  # first\nurl = "duckdb:///x"\n')
    terms = tmp_path / "terms.csv"
    done = columnist(
        *["connections", "add", "b", "postgresql://me@h/d", "--schema", "s"],
        *["--schema", "t", "--exclude", "s.tmp*", "--model", "columnist-135m"],
        *["--kind", "materialized-view"],
        *["--password-env", "PW", "--glossary", terms, "--style", tmp_path / "s.toml"],
    )
    assert done.returncode == 0, done.stderr
    text = settings.connections.read_text()
    assert text.startswith('# ours\n[a]  # first\nurl = "duckdb:///x"\n')
    shown = json.loads(columnist("connections", "show", "b", "--json").stdout)
    assert shown == {
        "name": "b",
        "url": "postgresql://me@h/d",
        "schemas": ["s", "t"],
        "exclude": ["s.tmp*"],
        "kinds": ["materialized-view"],
        "glossary": str(terms),
        "style": str(tmp_path / "s.toml"),
        "model": "columnist-135m",
        "password_env": "PW",
        "limits": {
            "sample_rows": 2000,
            "sample_seconds": 5.0,
            "lock_seconds": 2.0,
            "connections": None,
            "statement_seconds": 30.0,
        },
    }
    assert json.loads(columnist("connections", "list", "--json").stdout)[1] == shown
    plain = columnist("connections", "show", "b").stdout
    assert re.search(r"^schemas +s, t$", plain, re.MULTILINE)
    assert columnist("connections", "show", "c").returncode == 2
    wrong = columnist("connections", "add", "c", "duckdb:///x", "--password-env", "a b")
    assert wrong.returncode == 2
    assert "password_env" in wrong.stderr
    assert settings.connections.read_text() == text


# That all of it is used


@pytest.fixture
def opened(
    settings: Settings, shop: Path, request: pytest.FixtureRequest
) -> Callable[[str], Session]:
    def call(lines: str) -> Session:
        write(settings, f'[shop]\nurl = "duckdb:///{shop}"\n{lines}\n')
        session = open_session(settings, "shop")
        request.addfinalizer(session.close)
        return session

    return call


def read(session: Session, **options: Any) -> set[str]:
    for _ in scanning.scan(session, **options):
        pass
    return {str(summary.id) for summary in session.snapshot.summaries()}


def test_scans_read_the_connections_schemas_and_leave_out_what_it_excludes(
    opened: Callable[[str], Session],
) -> None:
    session = opened('schemas = ["sales"]\nexclude = ["sales.open_*"]')
    assert read(session) == {
        "sales.customers",
        "sales.orders",
        'sales.odd "table".%',
    }
    assert not scanning.is_stale(session)
    # What is named narrows it, and never goes beyond it.
    assert "legacy.zz9" not in read(session, schemas=["legacy"])
    assert read(session, globs=["*"]) == read(session)


def test_a_schema_can_be_excluded_as_a_whole(opened: Callable[[str], Session]) -> None:
    assert read(opened('exclude = ["sal*"]')) == {"legacy.zz9"}


def test_excluding_later_hides_and_including_again_shows_as_it_was(
    opened: Callable[[str], Session],
) -> None:
    session = opened("")
    zz9 = TableId("legacy", "zz9")
    assert str(zz9) in read(session)
    session.suggestions.put([(Draft(zz9, "About it.", Source.MODEL, 0.5), None)])
    narrowed = opened('exclude = ["legacy"]')
    assert zz9 not in draft_plan.plan_drafts(narrowed).work
    assert str(zz9) not in read(narrowed)
    assert not narrowed.suggestions.of_table(zz9)
    again = opened("")
    assert again.snapshot.table(zz9) is not None
    assert again.suggestions.of_table(zz9)[zz9].state is State.PENDING
    assert str(zz9) in read(again)
    assert again.suggestions.of_table(zz9)[zz9].state is State.PENDING


def test_a_scan_of_some_kinds_forgets_only_tables_of_these(
    opened: Callable[[str], Session], shop: Path
) -> None:
    session = opened("")
    assert len(read(session)) == 5
    connection = duckdb.connect(str(shop))
    connection.execute("DROP VIEW sales.open_orders; DROP TABLE legacy.zz9")
    connection.close()
    done = columnist("scan", "shop", "--kind", "view", "--kind", "materialized-view")
    assert done.returncode == 2  # there is none any more
    left = {str(summary.id) for summary in session.snapshot.summaries()}
    assert "legacy.zz9" in left
    assert "sales.open_orders" not in left
    tables = json.loads(columnist("scan", "shop", "--kind", "table", "--json").stdout)
    assert tables["total"]["tables"] == 3


@pytest.mark.gguf
def test_drafting_what_the_connection_does_not_name_is_refused(
    settings: Settings, shop: Path, tiny_model: Path
) -> None:
    write(settings, f'[shop]\nurl = "duckdb:///{shop}"\nschemas = ["sales"]\n')
    options = ["--model", tiny_model]
    drafted = json.loads(columnist(*options, "draft", "shop", "--json").stdout)
    assert drafted["tables"] == 4
    other = columnist(*options, "draft", "shop", "--schema", "legacy", "--json")
    assert other.returncode == 2
    assert "shop has no schema legacy." in other.stderr


def test_limits_and_glossary_reach_the_session(
    opened: Callable[[str], Session], settings: Settings
) -> None:
    session = opened('glossary = "terms.csv"\nlimits.sample_rows = 9')
    assert session.database.limits == Limits(sample_rows=9)
    assert session.glossary == settings.connections.with_name("terms.csv")
    read(session)
    orders = session.snapshot.table(TableId("sales", "orders"))
    assert orders is not None
    assert session.database.profile(orders)["status"].rows == 9


def test_the_connections_model_is_used_where_none_is_named(
    settings: Settings, shop: Path
) -> None:
    url = f"duckdb:///{shop}"
    write(settings, f'[shop]\nurl = "{url}"\nmodel = "no-such-model"\n')
    assert settings_for(settings, "shop").model == "no-such-model"
    assert settings_for(settings, url).model is None
    assert "no-such-model" in columnist("draft", "shop").stderr
    assert "another" in columnist("--model", "another", "draft", "shop").stderr
    session = open_session(settings, "shop")
    assert session.settings.model == "no-such-model"
    session.close()


def test_offline_refuses_the_connections_model_elsewhere(
    settings: Settings, shop: Path
) -> None:
    write(
        settings,
        f'[shop]\nurl = "duckdb:///{shop}"\nmodel = "http://127.0.0.1:1/v1"\n',
    )
    done = columnist("--offline", "scan", "shop")
    assert done.returncode == 3
    assert "--offline refused the model" in done.stderr


# Where the password comes from


def test_the_first_password_there_is_counts(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections = write(
        settings, '[a]\nurl = "postgresql://u@h/d"\npassword_env = "OWN"\n'
    )
    kept: dict[tuple[str, str], str] = {}
    monkeypatch.setattr("keyring.get_password", lambda *key: kept.get(key))

    def password(target: str = "a", **options: Any) -> str | None:
        return connections.resolve(target, **options).password

    assert password() is None
    monkeypatch.setenv("OWN", "own")
    assert password() == "own"
    kept["columnist", "a"] = "keyring's"
    assert password() == "keyring's"
    monkeypatch.setenv("COLUMNIST_PASSWORD", "environment's")
    assert password() == "environment's"
    monkeypatch.setenv("NAMED", "named")
    assert password(password_env="NAMED") == "named"
    assert password("mysql://u:x@h/d", password_env="NAMED") == "named"
    monkeypatch.setenv("NAMED", "")
    with pytest.raises(UsageError, match="NAMED"):
        password(password_env="NAMED")
    monkeypatch.delenv("COLUMNIST_PASSWORD")
    assert password("mysql://u:x@h/d") is None


def test_a_keyring_that_forgets_is_said(settings: Settings) -> None:
    """The null keyring takes everything and keeps nothing."""
    with pytest.raises(ColumnistError, match="forgets"):
        Connections(settings.connections).add("a", "postgresql://u:s3cret@h/d")
    assert not settings.connections.exists()
