"""An audit asks all systems for the same, and hides whose texts are whose."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.errors import ColumnistError, UsageError
from catalog.objects import ColumnId
from model.evaluation import audit
from model.evaluation.blind import Item, SheetLine
from model.evaluation.records import Entry, Text, Texts, read_texts
from tests.model.evaluation.entries import entry_of

HOSTILE = '</script><script>alert("x")</script> =1+1 \u2028 \x1b[31m'


def entry(source: str, number: int, columns: int = 4, described: int = 4) -> Entry:
    listed = [
        {
            "name": f"c{i}",
            "type": "int",
            "description": f"Column {i}" if i < described else None,
            "references": "other.id" if i == 1 else None,
            "enum": ["A", "B"] if i == 2 else None,
        }
        for i in range(columns)
    ]
    about = f"Table {number}" if described else None
    return entry_of(
        {
            "source": source,
            "schema": "s",
            "table": f"t{number}",
            "description": about,
            "columns": listed,
        }
    )


def said(entries: list[Entry], text: str | None) -> list[Texts]:
    return [
        dict.fromkeys([None, *(c.name for c in entry.table.columns)], Text(text))
        for entry in entries
    ]


def test_repositories_and_their_tables_take_turns() -> None:
    entries = [entry("large", i, columns=9, described=9) for i in range(30)]
    entries += [entry("small", i) for i in range(2)]
    drawn = audit.draw(entries, 16, 12, seed=1)
    columns, tables = Counter[str](), Counter[str]()
    for each in drawn:
        found = sum(isinstance(target, ColumnId) for target in each.wanted)
        columns[each.repository] += found
        tables[each.repository] += len(each.wanted) - found
        # 8 columns of 30 tables, and 8 of 2.
        assert found <= (1 if each.repository == "large" else 4)
    assert columns == {"large": 8, "small": 8}
    assert tables == {"large": 10, "small": 2}
    assert drawn == audit.draw(entries, 16, 12, seed=1)
    assert drawn != audit.draw(entries, 16, 12, seed=2)


def test_only_what_is_documented_is_drawn() -> None:
    entries = [entry("a", 1, columns=5, described=2), entry("a", 2, described=0)]
    (drawn,) = audit.draw(entries, 99, 99)
    table, *columns = drawn.wanted
    assert table == drawn.table.id
    assert {each.name for each in columns if isinstance(each, ColumnId)} == {"c0", "c1"}


def made() -> tuple[list[Item], audit.AuditKey]:
    entries = audit.draw([entry("a", i) for i in range(20)], 40, 20)
    texts = {
        "human": audit.human(entries),
        "one": said(entries, "from some"),
        "two": said(entries, " from \n some "),
        "last": said(entries[:10], "from last") + said(entries[10:], None),
    }
    return audit.make(entries, texts, seed=1, data="d")


def test_same_texts_are_one_item_that_counts_for_both() -> None:
    items, key = made()
    assert (key.columns, key.tables) == (40, 20)
    assert key.systems == ("human", "one", "two", "last")
    systems = Counter(
        tuple(draft.system for draft in place.drafts) for place in key.items.values()
    )
    assert systems["one", "two"] == 60
    assert systems["human",] == 60
    assert 0 < systems["last",] < 60
    for item in items:
        place = key.items[item.item]
        judged = item.lines[0]
        assert (f"s.{place.table}", place.column) == (item.table, judged.column)
        assert (judged.texts == ("from some",)) is (place.drafts[0].system == "one")
    first = [key.items[item.item].drafts[0].system for item in items[:60]]
    assert len(set(first)) == 3  # mixed


def test_a_reader_sees_the_table_and_its_columns() -> None:
    items, key = made()
    item = next(each for each in items if each.lines[0].column == "c1")
    assert item.table == f"s.{key.items[item.item].table}"
    judged, *columns = item.lines
    assert judged.facts == "int; references other.id"
    assert [each.column for each in columns] == ["c0", "c1", "c2", "c3"]
    assert columns[2].notes == "codes: A, B"
    assert item.more == 0


def test_of_a_wide_table_the_columns_around_are_shown() -> None:
    wide = entry("a", 1, columns=200, described=200)
    target = wide.table.columns[150].id
    asked = [replace(wide, wanted=(target, wide.table.id))]
    items, _ = audit.make(asked, {"x": audit.human(asked)}, seed=0, data="d")
    for item in items:
        judged, *columns = item.lines
        assert len(columns) == audit.LISTED
        assert item.more == 200 - audit.LISTED
        around = judged.column or "c0"
        assert around in {each.column for each in columns}


def test_files_come_back_and_do_not_name_the_systems(tmp_path: Path) -> None:
    items, key = made()
    audit.AUDITS.write(tmp_path / "blind", items, key)
    assert audit.AUDITS.read_items(tmp_path / "blind") == items
    assert audit.AUDITS.read_key(tmp_path / "blind") == key
    names = {"audit.csv", "audit.html", "audit.jsonl"}
    assert {each.name for each in (tmp_path / "blind").iterdir()} == {
        *names,
        audit.AUDITS.key,
    }
    for name in names:
        text = (tmp_path / "blind" / name).read_text(encoding="utf-8")
        assert not re.search(r"\b(human|one|two|last)\b(?!\.)", _without_texts(text))
    with (tmp_path / "blind" / "audit.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["item"] for row in rows] == [item.item for item in items]
    assert {row["judge"] + row["label"] for row in rows} == {""}
    with pytest.raises(UsageError, match="already"):
        audit.AUDITS.write(tmp_path / "blind", items, key)


def _without_texts(text: str) -> str:
    text = text.partition('id="sheet">')[2] or text
    return text.partition("<script>")[0].replace("from last", "")


def test_what_a_system_says_of_its_texts_is_only_in_the_key(tmp_path: Path) -> None:
    (drawn,) = audit.draw([entry("a", 1)], 1, 1)
    column = next(t.name for t in drawn.wanted if isinstance(t, ColumnId))
    line = {
        "db": "a",
        "schema": "s",
        "table": "t1",
        "description": "About the table.",
        "source": "known",
        "confidence": 0.9125,
        "columns": [
            {
                "name": column,
                "description": "A column.",
                "by": "model",
                "confidence": 0.8375,
            }
        ],
    }
    file = tmp_path / "texts.jsonl"
    file.write_text(json.dumps(line) + "\n")
    texts = {"file": read_texts(file, [drawn])}
    items, key = audit.make([drawn], texts, seed=0, data="d")
    drafts = {place.column: place.drafts for place in key.items.values()}
    assert drafts == {
        None: (audit.AuditText("file", "known", 0.9125),),
        column: (audit.AuditText("file", "model", 0.8375),),
    }
    audit.AUDITS.write(tmp_path / "blind", items, key)
    assert audit.AUDITS.read_key(tmp_path / "blind") == key
    for name in ("audit.csv", "audit.html", "audit.jsonl"):
        text = (tmp_path / "blind" / name).read_text(encoding="utf-8")
        assert "0.9125" not in text
        assert "0.8375" not in text
        assert "known" not in text


@pytest.mark.parametrize("confidence", ["high", 1.5, -0.1, [1]])
def test_a_confidence_that_is_none_is_refused(
    tmp_path: Path, confidence: object
) -> None:
    column = {"name": "c0", "description": "Text.", "confidence": confidence}
    file = tmp_path / "texts.jsonl"
    file.write_text(json.dumps({"db": "a", "table": "t1", "columns": [column]}))
    with pytest.raises(ColumnistError, match=r"Line 1 .* `confidence`"):
        read_texts(file, [entry("a", 1)])


def test_a_system_without_any_text_is_refused() -> None:
    (drawn,) = audit.draw([entry("a", 1)], 1, 1)
    texts = {"human": audit.human([drawn]), "silent": said([drawn], "  ")}
    with pytest.raises(UsageError, match="silent has no text"):
        audit.make([drawn], texts, seed=0, data="d")


def hostile() -> Item:
    judged = SheetLine(HOSTILE, HOSTILE, HOSTILE, (HOSTILE,))
    return Item("0001", HOSTILE, 3, (judged, SheetLine(HOSTILE, HOSTILE, HOSTILE)))


def test_hostile_text_stays_text_in_the_page() -> None:
    page = audit.AUDITS.as_html([hostile()])
    assert page.count("<script") == 2
    assert page.count("</script>") == 2
    assert 'http-equiv="Content-Security-Policy"' in page
    assert not re.search(r"(src|href)\s*=\s*[\"']", page)
    assert "innerHTML" not in page
    data = re.search(r'id="sheet">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    shown = json.loads(data.group(1))["items"][0]
    assert shown["title"] == HOSTILE
    assert shown["rows"][0]["cells"] == [HOSTILE]
    assert "\x1b" not in page


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    lines = (SheetLine("=c", "", "", ("@x",)), SheetLine("=c", "", ""))
    item = Item("0001", "+s.-t", 0, lines)
    place = audit.AuditPlace("r", "+s", "-t", "=c", (audit.AuditText("x", None, None),))
    key = audit.AuditKey(("x",), 1, 0, 0, "d", {"0001": place})
    audit.AUDITS.write(tmp_path / "a", [item], key)
    with (tmp_path / "a" / "audit.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    found = [row[name] for name in ("schema", "table", "column", "text", "columns")]
    assert found == ["'+s", "'-t", "'=c", "'@x", "'=c"]


def test_damage_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no audit"):
        audit.AUDITS.read_items(tmp_path)
    with pytest.raises(UsageError, match="no audit"):
        audit.AUDITS.read_key(tmp_path)
    for content in ("{", "[]", '{"items": []}', '{"items": {"1": {}}}'):
        (tmp_path / audit.AUDITS.key).write_text(content)
        with pytest.raises(ColumnistError, match="damaged"):
            audit.AUDITS.read_key(tmp_path)
        (tmp_path / "audit.jsonl").write_text(content + "\n")
        with pytest.raises(ColumnistError, match="damaged"):
            audit.AUDITS.read_items(tmp_path)
