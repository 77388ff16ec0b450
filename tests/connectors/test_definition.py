"""Slicing SHOW CREATE TABLE: nothing of a definition is lost but its comment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.definition import slice_table, tokens
from tests.connectors.nasty import NAMES

CREATE = """CREATE TABLE `od(d,``t` (
  `id` int(11) NOT NULL AUTO_INCREMENT COMMENT 'the COMMENT ''x'' of \\'id\\', (',
  `a,b(` varchar(20) /*M!100301 COMPRESSED*/ CHARACTER SET latin1 DEFAULT 'COMMENT \\'',
  `COMMENT 'x'` decimal(10,2) DEFAULT NULL COMMENT 'plain' CHECK (`id` > 0),
  `check` int(11) DEFAULT NULL CHECK (`check` in (1,2,')')),
  `e` text DEFAULT concat('COMMENT ',"x",'CHECK (1)') COMMENT 'e',
  `en` enum('a,b','c)','d''e','COMMENT') DEFAULT 'a,b',
  `g` int(11) GENERATED ALWAYS AS (`id` + 1) STORED COMMENT 's',
  `v` int(11) GENERATED ALWAYS AS (if(`id` = 1,'STORED','x')) VIRTUAL,
  `i` int(11) NOT NULL INVISIBLE DEFAULT 7,
  `ts` timestamp(6) NOT NULL DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6),
  `j` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT '{}' CHECK (json_valid(`j`)),
  `my8` geometry NOT NULL /*!80003 SRID 4326 */ /*!80023 INVISIBLE */,
  PRIMARY KEY (`id`),
  KEY `k,(` (`a,b(`(10)) COMMENT 'of a key',
  CONSTRAINT `ck` CHECK (`id` <> 5)
) ENGINE=InnoDB AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4 COMMENT='AUTO_INCREMENT=3, \\'(' \
ROW_FORMAT=DYNAMIC
 PARTITION BY HASH (`id`)
PARTITIONS 4"""  # noqa: E501


def test_cuts_between_columns_only() -> None:
    table = slice_table(CREATE)
    assert list(table.columns) == [
        "id",
        "a,b(",
        "COMMENT 'x'",
        "check",
        "e",
        "en",
        "g",
        "v",
        "i",
        "ts",
        "j",
        "my8",
    ]
    assert table.others == (
        "PRIMARY KEY (`id`)",
        "KEY `k,(` (`a,b(`(10)) COMMENT 'of a key'",
        "CONSTRAINT `ck` CHECK (`id` <> 5)",
    )


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("id", "int(11) NOT NULL AUTO_INCREMENT COMMENT 'new'"),
        (
            "a,b(",
            "varchar(20) /*M!100301 COMPRESSED*/ CHARACTER SET latin1 "
            "DEFAULT 'COMMENT \\'' COMMENT 'new'",
        ),
        (
            "COMMENT 'x'",
            "decimal(10,2) DEFAULT NULL COMMENT 'new' CHECK (`id` > 0)",
        ),
        (
            "check",
            "int(11) DEFAULT NULL COMMENT 'new' CHECK (`check` in (1,2,')'))",
        ),
        ("e", "text DEFAULT concat('COMMENT ',\"x\",'CHECK (1)') COMMENT 'new'"),
        ("en", "enum('a,b','c)','d''e','COMMENT') DEFAULT 'a,b' COMMENT 'new'"),
        ("g", "int(11) GENERATED ALWAYS AS (`id` + 1) STORED COMMENT 'new'"),
        (
            "v",
            "int(11) GENERATED ALWAYS AS (if(`id` = 1,'STORED','x')) VIRTUAL "
            "COMMENT 'new'",
        ),
        ("i", "int(11) NOT NULL INVISIBLE DEFAULT 7 COMMENT 'new'"),
        (
            "my8",
            "geometry NOT NULL /*!80003 SRID 4326 */ /*!80023 INVISIBLE */ "
            "COMMENT 'new'",
        ),
    ],
)
def test_only_the_comment_changes(column: str, expected: str) -> None:
    definition = slice_table(CREATE).columns[column]
    assert definition.with_comment("'new'") == expected


def test_clearing_leaves_the_comment_out() -> None:
    definition = slice_table(CREATE).columns["COMMENT 'x'"]
    assert definition.with_comment(None) == (
        "decimal(10,2) DEFAULT NULL CHECK (`id` > 0)"
    )


def test_options_without_what_moves() -> None:
    assert slice_table(CREATE).options == (
        "ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 ROW_FORMAT = DYNAMIC "
        "PARTITION BY HASH ( `id` ) PARTITIONS 4"
    )


def test_knows_stored_columns() -> None:
    columns = slice_table(CREATE).columns
    assert [name for name, it in columns.items() if it.is_stored] == ["g"]


def test_restates_json_only_where_it_is_the_same() -> None:
    definition = slice_table(CREATE).columns["j"]
    check = "CHECK (json_valid(`j`))"
    restated = definition.as_json(check, table_is_binary=False)
    assert restated.with_comment("'new'") == "json DEFAULT '{}' COMMENT 'new'"
    other = definition.as_json("CHECK (json_valid(`k`))", table_is_binary=False)
    assert other == definition
    plain = slice_table("CREATE TABLE t (`j` longtext CHECK (json_valid(`j`)))")
    column = plain.columns["j"]
    assert column.as_json(check, table_is_binary=False) == column
    assert column.as_json(check, table_is_binary=True).before == "json"
    latin = slice_table(
        "CREATE TABLE t (`j` longtext CHARACTER SET latin1 COLLATE latin1_bin "
        "CHECK (json_valid(`j`)))"
    ).columns["j"]
    assert latin.as_json(check, table_is_binary=True) == latin


def test_restates_the_reference_system() -> None:
    table = slice_table("CREATE TABLE t (`g` geometry NOT NULL, `p` point)")
    assert table.columns["g"].with_srid(4326).with_comment("'x'") == (
        "geometry REF_SYSTEM_ID=4326 NOT NULL COMMENT 'x'"
    )
    assert table.columns["p"].with_srid(5).before == "point REF_SYSTEM_ID=5"


def test_names_every_difference() -> None:
    before = slice_table(CREATE)
    after = slice_table(CREATE.replace("INVISIBLE DEFAULT 7", "DEFAULT 7"))
    [difference] = before.differences(after)
    assert difference == (
        "column i: int(11) NOT NULL INVISIBLE DEFAULT 7 is now int(11) NOT NULL "
        "DEFAULT 7"
    )
    assert before.differences(slice_table(CREATE.replace("'plain'", "'other'"))) == []
    assert before.differences(slice_table(CREATE.replace("=17", "=18"))) == []
    gone = CREATE.replace("  PRIMARY KEY (`id`),\n", "")
    assert len(before.differences(slice_table(gone))) == 1


@pytest.mark.parametrize("text", ["", "CREATE TABLE t", "(`a` int", "(`a", "(`a` 'x"])
def test_says_what_it_cannot_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"missing|no opening|not closed"):
        slice_table(text)


literals = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(
    lambda text: "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
)
names = st.one_of(
    st.sampled_from(NAMES),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=10),
)
types = st.sampled_from(
    [
        "int(11)",
        "bigint(20) unsigned zerofill",
        "varchar(20) CHARACTER SET latin1 COLLATE latin1_bin",
        "enum('a','b,c','d)')",
        "decimal(10,2)",
        "text /*M!100301 COMPRESSED*/",
        "int(11) GENERATED ALWAYS AS (`a` + 1) VIRTUAL",
        "timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp()",
    ]
)
checks = st.one_of(
    st.just(""),
    literals.map(lambda literal: f" CHECK (`a` <> {literal} and (1,2) = (3,4))"),
)
defaults = st.one_of(st.just(""), literals.map(lambda literal: f" DEFAULT {literal}"))
comments = st.one_of(st.none(), literals)


@given(st.lists(st.tuples(names, types, defaults, comments, checks), min_size=1))
def test_slicing_keeps_all_text(
    columns: list[tuple[str, str, str, str | None, str]],
) -> None:
    seen = {column[0]: column[1:] for column in columns}
    lines: list[str] = []
    for name, (kind, default, comment, check) in seen.items():
        middle = f" COMMENT {comment}" if comment else ""
        quoted = name.replace("`", "``")
        lines.append(f"  `{quoted}` {kind}{default}{middle}{check}")
    body = ",\n".join([*lines, "  KEY `k` (`a`)"])
    table = slice_table(f"CREATE TABLE `t` (\n{body}\n) ENGINE=InnoDB COMMENT='x'")
    assert list(table.columns) == list(seen)
    for name, (kind, default, comment, check) in seen.items():
        definition = table.columns[name]
        assert definition.before == kind + default
        assert definition.after == check.strip()
        middle = f" COMMENT {comment}" if comment else ""
        assert definition.with_comment(comment) == f"{kind}{default}{middle}{check}"
    assert table.others == ("KEY `k` (`a`)",)
    assert table.options == "ENGINE = InnoDB"


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.dictionaries(st.sampled_from([None, *slice_table(CREATE).columns]), texts))
def test_the_text_with_other_comments_differs_in_nothing_else(
    comments: dict[str | None, str],
) -> None:
    before = slice_table(CREATE)
    text = before.with_comments(comments)
    assert text is not None
    after = slice_table(text)
    assert after.differences(before) == []
    assert after.others == before.others
    for name, column in after.columns.items():
        there = before.columns[name].comment
        assert column.comment == (comments.get(name, there) or None)
    assert after.comment == (comments.get(None, before.comment) or None)


def test_a_comment_for_a_column_that_is_not_there_gives_no_text() -> None:
    assert slice_table(CREATE).with_comments({"nowhere": "x"}) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_tokens_lose_nothing_but_blanks_and_comments(text: str) -> None:
    try:
        pieces = list(tokens(text))
    except ValueError:
        return
    place = 0
    for piece in pieces:
        gap = text[place : piece.start].strip()
        assert not gap or (gap.startswith("/*") and gap.endswith("*/")) or not gap
        assert text[piece.start : piece.end] == piece.text
        place = piece.end
