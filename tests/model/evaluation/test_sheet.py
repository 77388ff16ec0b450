"""A sheet hides whose texts are whose, and shows what a voter needs."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from catalog.errors import ColumnistError, UsageError
from catalog.objects import TableId
from model.evaluation import sheet
from model.evaluation.blind import Item, SheetLine
from model.evaluation.records import Entry, Text, Texts
from tests.model.evaluation.entries import entry_of

HOSTILE = '</script><script>alert("x")</script> =1+1 \u2028 \x1b[31m'


def entry(source: str, number: int, columns: int = 4) -> Entry:
    listed = [
        {"name": f"c{i}", "type": "int", "description": f"Column {i}"}
        for i in range(columns)
    ]
    return entry_of(
        {"source": source, "schema": "s", "table": f"t{number}", "columns": listed}
    )


def said(entries: list[Entry], text: str | None) -> list[Texts]:
    return [
        dict.fromkeys([None, *(c.name for c in entry.table.columns)], Text(text))
        for entry in entries
    ]


def test_every_repository_has_its_share() -> None:
    entries = [entry("large", i) for i in range(80)]
    entries += [entry("middle", i) for i in range(18)]
    entries += [entry("small", i) for i in range(2)]
    drawn = sheet.draw(entries, 20, seed=3)
    counts = Counter(each.repository for each in drawn)
    assert counts["large"] >= 14
    assert counts["middle"] >= 3
    assert counts["small"] == 1
    assert len({each.key for each in drawn}) == 20
    assert drawn == sheet.draw(entries, 20, seed=3)
    assert drawn != sheet.draw(entries, 20, seed=4)


def test_tables_of_other_sizes_come_last() -> None:
    entries = [entry("a", 1, 2), entry("a", 2, 60), entry("a", 3, 5)]
    assert [e.key[2] for e in sheet.draw(entries, 1)] == ["t3"]
    assert len(sheet.draw(entries, 9)) == 3


def test_no_more_columns_are_shown_than_can_be_judged() -> None:
    (drawn,) = sheet.draw([entry("a", 1, 40)], 1)
    assert len(drawn.wanted) == 1 + sheet.SHOWN
    (item,), _ = sheet.make(
        [drawn], ("x", "y"), (said([drawn], "X"), said([drawn], "Y")), seed=0, data="d"
    )
    assert len(item.lines) == 1 + sheet.SHOWN
    assert item.more == 40 - sheet.SHOWN
    assert isinstance(drawn.wanted[0], TableId)


def made(reference: bool = False) -> tuple[list[Item], sheet.SheetKey]:
    entries = sheet.draw([entry("a", i) for i in range(40)], 40)
    texts = (said(entries, "from one"), said(entries, None))
    return sheet.make(
        entries, ("one", "two"), texts, seed=1, data="d", reference=reference
    )


def test_sides_are_drawn_and_only_the_key_tells_them() -> None:
    items, key = made()
    sides = Counter(place.a for place in key.items.values())
    assert 8 < sides["one"] < 32
    for item in items:
        place = key.items[item.item]
        for line in item.lines:
            a, b = line.texts
            assert (a == "from one") is (place.a == "one")
            assert (b is None) is (place.b == "two")


def test_what_a_human_wrote_is_shown_only_where_asked() -> None:
    items, _ = made(reference=True)
    assert items[0].lines[1].texts[2] == "Column 0"


def test_files_come_back_and_do_not_name_the_systems(tmp_path: Path) -> None:
    items, key = made()
    sheet.SHEETS.write(tmp_path / "blind", items, key)
    assert sheet.SHEETS.read_items(tmp_path / "blind") == items
    assert sheet.SHEETS.read_key(tmp_path / "blind") == key
    for name in ("sheet.csv", "sheet.html", "sheet.jsonl"):
        text = (tmp_path / "blind" / name).read_text(encoding="utf-8")
        assert '"one"' not in text
        assert '"two"' not in text
    with (tmp_path / "blind" / "sheet.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40 * 5
    assert len(list((tmp_path / "blind").iterdir())) == 4
    with pytest.raises(UsageError, match="already"):
        sheet.SHEETS.write(tmp_path / "blind", items, key)


def test_hostile_text_stays_text_in_the_page() -> None:
    line = SheetLine(HOSTILE, HOSTILE, HOSTILE, (HOSTILE, None))
    page = sheet.SHEETS.as_html([Item("001", HOSTILE, 0, (line,))])
    assert page.count("<script") == 2
    assert page.count("</script>") == 2
    assert 'http-equiv="Content-Security-Policy"' in page
    assert not re.search(r"(src|href)\s*=\s*[\"']", page)
    assert "innerHTML" not in page
    data = re.search(r'id="sheet">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    assert json.loads(data.group(1))["items"][0]["title"] == HOSTILE


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    items = [Item("001", "t", 0, (SheetLine("=c", "", "", ("+1", "@x")),))]
    key = sheet.SheetKey(
        "x", "y", 0, "d", {"001": sheet.SheetPlace("x", "y", "r", "t")}
    )
    sheet.SHEETS.write(tmp_path / "s", items, key)
    with (tmp_path / "s" / "sheet.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["column"], row["a"], row["b"]) == ("'=c", "'+1", "'@x")


def test_damage_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no voting sheet"):
        sheet.SHEETS.read_items(tmp_path)
    with pytest.raises(UsageError, match="no voting sheet"):
        sheet.SHEETS.read_key(tmp_path)
    for content in ("{", "[]", '{"items": []}', '{"items": {"1": {}}}'):
        (tmp_path / sheet.SHEETS.key).write_text(content)
        with pytest.raises(ColumnistError, match="damaged"):
            sheet.SHEETS.read_key(tmp_path)
        (tmp_path / "sheet.jsonl").write_text(content + "\n")
        with pytest.raises(ColumnistError, match="damaged"):
            sheet.SHEETS.read_items(tmp_path)
