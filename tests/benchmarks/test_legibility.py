"""`benchmarks.legibility`: what it takes from a screen for a description."""

from __future__ import annotations

import duckdb
import pytest

from benchmarks import legibility
from benchmarks.emulator import Screen
from benchmarks.legibility import Texts, rows
from benchmarks.screens import ROOT
from catalog.objects import TableId, make_target
from catalog.places import first_time
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Source
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from tui.app.welcome import HINTS

PARCEL = TableId("logistics", "parcel")
TYPE = make_target("logistics", "parcel", "pkg_type")
FLAG = make_target("logistics", "parcel", "damage_flg")
TEXTS: Texts = {
    PARCEL: {
        PARCEL: "One row per parcel of a shipment.",
        TYPE: "Kind of packaging the parcel is shipped in: carton or tube.",
        FLAG: "Whether the carrier reported the parcel as damaged on its way.",
    }
}
NEW = """\
 logistics.parcel 3/14 · 3 to decide                  │ One row per parcel
  ○ ▅ One row per parcel of a shipment.               │
▌ ○ pkg_type       ▅ Kind of packaging the parcel is  │
                     shipped in: carton or tube.      │
  ✎ damage_flg       Whether the carrier reported the…│
──────────────────────────────────────────────────────
 damage_flg  Whether the carrier reported the parcel as damaged on its way.
"""
OLD = """\
 logistics.parcel  (3/14) — 3 to decide
  column          state       description                  findings
  parcel          ○ pending   One row per parcel of a sh…
    pkg_type      ○ pending   Kind of packaging the parc…  restates
    damage_flg    ✎ edited    Whether the carrier report…
"""


def test_a_row_is_whole_where_its_last_word_is_shown() -> None:
    table, kind, flag = rows(NEW.splitlines(), TEXTS)
    assert (table.target, table.whole, table.here) == (PARCEL, True, False)
    assert (kind.target, kind.whole, kind.here) == (TYPE, True, True)
    assert [cell for cell, _ in kind.pieces] == [21, 21]
    assert (flag.target, flag.whole) == (FLAG, False)
    assert flag.edge == 21 + len("Whether the carrier reported the")


def test_a_heading_that_is_cut_names_its_table() -> None:
    found = rows(NEW.replace("logistics.parcel", "logistics.par…").splitlines(), TEXTS)
    assert [row.target for row in found] == [PARCEL, TYPE, FLAG]


def test_a_column_of_descriptions_is_read_too() -> None:
    found = rows(OLD.splitlines(), TEXTS)
    assert [row.target for row in found] == [PARCEL, TYPE, FLAG]
    assert not any(row.whole for row in found)
    assert {cell for row in found for cell, _ in row.pieces} == {30}


def test_a_screen_keeps_what_is_not_drawn_again() -> None:
    screen = Screen()
    screen.take(b"\x1b[2;1Hone\x1b[31m two\x1b[3;2H")
    screen.take("ß\x1b[2".encode())
    screen.take(b";5Hsix")
    assert screen.lines == ["", "one six", " ß"]


def test_the_program_is_counted_in_a_terminal(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two short texts are read, the long one is cut, and a stop does not help it."""
    folder = tmp_path_factory.mktemp("legibility")
    file = folder / "demo.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE parcel (id INTEGER, remark VARCHAR)")
    legibility.scanned(ROOT, file, folder / "workspace.db")
    table = TableId("main", "parcel")
    remark = make_target("main", "parcel", "remark")
    with Workspace(folder / "workspace.db") as opened:
        assert Snapshot(opened, 1).table(table) is not None
        assert all(first_time(opened, hint) for hint in HINTS)
        texts = {table: "Parcels.", make_target("main", "parcel", "id"): "Its number."}
        texts[remark] = " ".join(["What the driver wrote down on the way"] * 12) + "."
        Suggestions(opened, 1).put(
            (Draft(target, text, Source.MODEL, 0.5), None)
            for target, text in texts.items()
        )
    monkeypatch.setattr(legibility, "HINT_SECONDS", 1.0)
    found = legibility.run(ROOT, folder, {table: texts}, "80x24")
    assert (found["descriptions"], found["stops"]) == (3, 1)
    assert found["cut"] == ["main.parcel.remark"]
    assert 0 < found["all"]["ink_share"] < found["all"]["lines_share"] < 0.5
