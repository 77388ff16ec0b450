"""The inference log: from the draft and the screen to a file in a warehouse."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.inferences import FIELDS
from catalog.objects import parts_of, table_of
from catalog.suggestion import Draft, Effort, Source
from catalog.workspace import Workspace
from model import energy
from tests.model.test_energy import powercap, tell
from tests.tui.in_process import columnist
from tests.tui.test_pilot import opened, to_orders, until
from tui.app.screens import review_list
from tui.app.screens.catalog import CatalogScreen
from tui.flow import drafting, scanning
from tui.flow.cost import Cost
from tui.flow.draft_plan import plan_drafts
from tui.flow.session import Session
from tui.flow.settings import Settings

__all__ = ["powercap"]

SECRET = "s3cr3t"
ROOT = Path(__file__).parents[2]


def read(file: Path) -> list[dict[str, Any]]:
    with closing(duckdb.connect()) as db:
        db.execute("SET timezone = 'UTC'")
        found = db.execute(f"SELECT * FROM '{file}'")
        names = [each[0] for each in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def drafted(session: Session) -> None:
    """Drafts on all that the shop has, by a model and without."""
    list(scanning.scan(session))
    drafts = [
        Draft(
            target,
            f"Drafted {number}, 'so'.\n",
            Source.MODEL if number % 2 else Source.RULES,
            0.5,
            model="[b]m\x1b[0m" if number % 2 else None,
            prompt="0123456789abcdef" if number % 2 else None,
            effort=Effort(40, 9, 0.25) if number % 2 else None,
        )
        for number, target in enumerate(
            target for table in session.snapshot.tables() for target in table.targets()
        )
    ]
    session.suggestions.put((draft, None) for draft in drafts)


def shown(session: Session) -> list[sqlite3.Row]:
    return session.workspace.rows("SELECT * FROM inferences WHERE shown_at IS NOT NULL")


# Export


def test_the_log_is_a_file_that_duckdb_reads(
    session: Session, shop: Path, tmp_path: Path
) -> None:
    drafted(session)
    one, two, three, *rest = session.suggestions.all()
    session.suggestions.edit(one, "Drafted by me.")
    session.suggestions.accept([two])
    session.suggestions.reject([three], reason="it's wrong")
    file = tmp_path / "it's a log.parquet"
    done = columnist("log", "export", f"duckdb:///{shop}", "-o", file, "--json")
    assert json.loads(done.stdout) == {"rows": 3 + len(rest), "file": str(file)}
    link = tmp_path / "log.parquet"  # `read` quotes nothing
    file.rename(link)
    names = ("schema", "table", "column")
    rows = {tuple(row[name] for name in names): row for row in read(link)}
    assert len(rows) == 3 + len(rest)
    assert list(next(iter(rows.values()))) == list(FIELDS)
    edited = rows[tuple(parts_of(one.target).values())]
    assert edited["text"] == one.text
    assert edited["decision"] == "edited"
    assert edited["decided_text"] == "Drafted by me."
    assert (edited["edit"], edited["words_added"], edited["words_removed"]) == (
        "reworded",
        2,
        2,
    )
    assert isinstance(edited["decided_at"], datetime)
    assert edited["shown_at"] == edited["decided_at"]
    (decision,) = edited["decisions"]
    assert decision["verdict"] == "edited"
    assert decision["at"] == edited["decided_at"]
    by_model = [row for row in rows.values() if row["model"]]
    assert {row["model"] for row in by_model} == {"[b]m\x1b[0m"}
    assert {row["prompt_tokens"] for row in by_model} == {40}
    assert {row["prompt_form"] for row in rows.values()} == {"none", None}
    again = columnist("log", "export", "-o", link)
    assert f"{3 + len(rest)} drafts" in again.stdout
    assert len(read(link)) == 3 + len(rest)


def test_a_log_can_be_csv_with_its_decisions_as_json(
    session: Session, tmp_path: Path
) -> None:
    drafted(session)
    session.suggestions.accept(session.suggestions.all()[:1])
    file = tmp_path / "log.csv"
    columnist("log", "export", "-o", file)
    rows = read(file)
    assert list(rows[0]) == list(FIELDS)
    (decision,) = json.loads(next(r["decisions"] for r in rows if r["decision"]))
    assert decision["verdict"] == "accepted"
    assert {row["text"] for row in rows} == {
        each.text for each in session.suggestions.all()
    }


def test_an_empty_workspace_has_an_empty_log_with_its_columns(tmp_path: Path) -> None:
    columnist("log", "export", "-o", tmp_path / "log.parquet")
    with closing(duckdb.connect()) as db:
        found = db.execute(f"DESCRIBE FROM '{tmp_path / 'log.parquet'}'").fetchall()
    assert [row[0] for row in found] == list(FIELDS)


@pytest.mark.parametrize(
    ("name", "said", "code"),
    [
        ("log.xlsx", ".parquet, or .csv", 2),
        ("log", ".parquet, or .csv", 2),
        ("no folder/log.parquet", "Cannot write", 1),
        ("", ".parquet, or .csv", 2),
    ],
)
def test_what_cannot_be_written_is_one_line(
    session: Session, tmp_path: Path, name: str, said: str, code: int
) -> None:
    drafted(session)
    done = columnist("log", "export", "-o", tmp_path / name, code=code)
    assert said in done.stderr
    assert [path.name for path in tmp_path.iterdir() if "log" in path.name] == []


def test_what_was_there_stays_where_the_disk_is_full(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafted(session)
    file = tmp_path / "log.parquet"
    file.write_text("before")
    monkeypatch.setattr("tempfile.tempdir", "/dev/full")
    done = columnist("log", "export", "-o", file, code=1)
    assert "Cannot write" in done.stderr
    assert file.read_text() == "before"


def test_no_value_secret_or_prompt_is_in_the_log(
    own_tiny: object, shop: Path, tmp_path: Path, settings: Settings
) -> None:
    """There are names in the rows, and a password in the URL."""
    with closing(duckdb.connect(str(shop))) as db:
        db.execute("CREATE TABLE sales.parcels (state VARCHAR, holder VARCHAR)")
        db.executemany(
            "INSERT INTO sales.parcels VALUES (?, ?)",
            [("lost", f"Q. Xyzzyman {n}") for n in range(20)],
        )
    columnist("draft", f"duckdb:///{shop}?password={SECRET}")
    file = tmp_path / "log.csv"
    columnist("log", "export", "-o", file)
    told = file.read_text()
    assert "parcels" in told
    with Workspace(settings.workspace) as workspace:
        rows = workspace.rows("SELECT * FROM inferences")
        rows += workspace.rows("SELECT * FROM drafting")
    told += str([tuple(row) for row in rows])
    for kept in (SECRET, "Xyzzyman"):
        assert kept not in told
    assert all(
        row["prompt_fingerprint"] is None or len(row["prompt_fingerprint"]) == 16
        for row in read(file)
    )


def test_every_column_is_documented() -> None:
    told = (ROOT / "docs" / "log.md").read_text()
    assert [name for name in FIELDS if f"`{name}`" not in told] == []


# Drafting


def test_what_drafting_took_is_told_and_kept(
    own_tiny: object, shop: Path, powercap: Path, settings: Settings, tmp_path: Path
) -> None:
    url = f"duckdb:///{shop}"
    done = json.loads(
        columnist("draft", url, "--json", "--hourly-price", "1.20").stdout
    )
    assert done["energy_of"] == "processor"
    assert done["joules"] == 0.0
    assert done["hourly_price"] == 1.2
    assert done["cost"] == pytest.approx(done["seconds"] / 3000, abs=1e-5)
    thousand = done["seconds_per_thousand_columns"]
    assert done["cost_per_thousand_columns"] == pytest.approx(thousand / 3000, abs=1e-4)
    told = json.loads(columnist("metrics", "--json", "--hourly-price", "1.20").stdout)
    (row,) = told["drafting"]
    assert row["prompt_tokens"] == done["prompt_tokens"] > 0
    assert row["generated_tokens"] == done["generated_tokens"] > 0
    assert done["seconds"] / 2 < row["seconds"] <= done["seconds"] + 0.001
    assert row["drafts"] == done["drafted"] + done["inherited"] + done["abstained"]
    assert row["cost"] == pytest.approx(row["seconds"] / 3000, abs=1e-5)
    asked = {each["model"]: each for each in told["drafts"]}[done["model"]]
    assert asked["prompt_tokens"] == done["prompt_tokens"]
    assert asked["generated_tokens"] == done["generated_tokens"]
    assert 0 < asked["engine_seconds"] < done["seconds"]
    assert asked["shown"] == 0
    file = tmp_path / "log.parquet"
    columnist("log", "export", url, "-o", file)
    by_model = [each for each in read(file) if each["model"]]
    assert {each["prompt_form"] for each in by_model} == {"compact"}
    assert {len(each["model_digest"]) for each in by_model} == {64}
    assert sum(each["seconds"] for each in by_model) == pytest.approx(
        asked["engine_seconds"], abs=0.01
    )
    printed = columnist("metrics").stdout
    assert f"Drafting with {done['model']}" in printed


def test_energy_that_the_machine_tells_is_counted(
    session: Session, powercap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what is drafted at once the last look counts, after the last draft."""
    monkeypatch.setattr(drafting, "SAVE_SECONDS", 0.0)
    list(scanning.scan(session))
    drafts = drafting.draft(session, plan_drafts(session), samples=False)
    for number, _ in enumerate(drafts):
        tell(powercap, 0, 900_000 + min(50_000, 10_000 * (number + 1)))
    (row,) = session.suggestions.inferences.drafting()
    assert row.joules == pytest.approx(0.05)
    assert row.metered_seconds == row.seconds


def test_where_nothing_tells_energy_it_says_so(
    session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(energy, "POWERCAP", tmp_path / "none")
    done = columnist("draft", session.database.identity.key.replace(":", ":///", 1))
    assert "1,000 columns" not in done.stdout
    assert "energy not told by this machine" in columnist("metrics").stdout
    (row,) = json.loads(columnist("metrics", "--json").stdout)["drafting"]
    assert row["joules"] is None
    assert row["cost"] is None
    monkeypatch.setenv("COLUMNIST_HOURLY_PRICE", "3600")
    (row,) = json.loads(columnist("metrics", "--json").stdout)["drafting"]
    assert row["cost"] == pytest.approx(row["seconds"], abs=0.001)
    assert "at 3600 an hour" in columnist("metrics").stdout


@pytest.mark.parametrize("price", ["nan", "inf", "-1", "cheap", "1e300"])
def test_what_is_no_price_is_wrong_usage(price: str) -> None:
    said = columnist("metrics", f"--hourly-price={price}", code=2).stderr
    assert "no price" in said


@pytest.mark.parametrize(
    ("cost", "price", "thousand", "joules"),
    [
        (Cost(3600.0, 500, None, 0.0, 1.2), 1.2, 2.4, None),
        (Cost(1800.0, 1000, 90.0, 900.0, 0.0), 0.0, 0.0, 180.0),
        (Cost(10.0, 0, 5.0, 10.0, 1.0), 10 / 3600, None, None),
        (Cost(10.0, 5, None, 0.0, None), None, None, None),
    ],
)
def test_costs_are_of_a_thousand_columns(
    cost: Cost, price: float | None, thousand: float | None, joules: float | None
) -> None:
    assert cost.price == price
    assert cost.each_thousand(cost.price) == thousand
    assert cost.joules_each_thousand == joules


# Shown


def test_what_is_printed_was_shown(session: Session, shop: Path) -> None:
    drafted(session)
    url = f"duckdb:///{shop}"
    columnist("suggestions", url, "--table", "orders")
    orders = session.suggestions.all(globs=["orders"])
    assert {row["suggestion"] for row in shown(session)} == {s.id for s in orders}
    of_all = json.loads(columnist("metrics", url, "--json").stdout)["drafts"]
    assert sum(each["shown"] for each in of_all) == len(orders)
    assert sum(each["shown_undecided"] for each in of_all) == len(orders)
    assert "shown" in columnist("metrics", url).stdout


async def test_what_was_on_the_screen_is_noted_when_it_is_left(
    session: Session, shop: Path, settings: Settings
) -> None:
    drafted(session)
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        seen = {row["suggestion"] for row in shown(session)}
    tables = session.suggestions.all()
    orders = {s.id for s in tables if table_of(s.target).name == "orders"}
    assert orders <= seen


async def test_a_kill_loses_seconds_of_what_was_on_the_screen(
    session: Session, shop: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noted beside the screen, with no key pressed."""
    monkeypatch.setattr(review_list, "SHOWN_SECONDS", 0.2)
    drafted(session)
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await until(pilot, lambda: bool(shown(session)))
