"""MariaDB's definitions of every kind: after set, replace and clear they are the same.

What is compared is MariaDB's own account of a table, from SHOW CREATE TABLE and five
views of its catalog, with the comments masked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.objects import Target, column_of, table_of
from tests.connectors.recording import RecordingLedger
from tests.connectors.targets import (
    Proved,
    all_written,
    changes_to,
    executing,
    fresh,
    plan,
    write,
)
from tests.servers import Run, connected

pytestmark = pytest.mark.live

LOOSE = "SET SESSION sql_mode=''"

VARIED = [
    "id int(10) unsigned zerofill NOT NULL AUTO_INCREMENT",
    "t1 tinyint(1) NOT NULL DEFAULT 0",
    "t2 smallint(5) unsigned DEFAULT 7",
    "t3 mediumint(9) DEFAULT -1",
    "t4 bigint(20) unsigned NOT NULL",
    "t5 decimal(10,2) NOT NULL DEFAULT 1.50",
    "t6 float DEFAULT 1.5",
    "t7 double(10,3) unsigned",
    "b1 bit(3) DEFAULT b'101'",
    "b2 boolean DEFAULT true",
    "c1 char(3) NOT NULL DEFAULT 'EUR'",
    "c2 varchar(20) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'it''s \\\\ x'",
    "c3 varchar(20) CHARACTER SET ascii",
    "c4 varchar(20) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT ''",
    "c5 varchar(40) DEFAULT 'COMMENT \\'x\\' CHECK (1)'",
    "c6 varchar(20) DEFAULT 'a\\nb\\tc%'",
    "c7 varchar(20) INVISIBLE DEFAULT 'hidden'",
    "c8 varchar(2000) COMPRESSED",
    "x1 tinytext",
    "x2 text NOT NULL DEFAULT 'a'",
    "x3 mediumtext CHARACTER SET utf8mb3",
    "x4 longtext DEFAULT concat('a', \"b\", 'COMMENT ')",
    "x5 text COMPRESSED",
    "y1 binary(4) DEFAULT '\\0\\0\\0\\0'",
    "y2 varbinary(10) DEFAULT 'x'",
    "y3 tinyblob",
    "y4 blob COMPRESSED",
    "y5 longblob",
    "e1 enum('a','b,c','d)','it''s','COMMENT') DEFAULT 'b,c'",
    "e2 set('x','y','z') NOT NULL DEFAULT 'x,z'",
    "d1 date DEFAULT '0000-00-00'",
    "d2 date NOT NULL DEFAULT '2020-02-29'",
    "d3 datetime DEFAULT current_timestamp()",
    "d4 datetime(6) DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6)",
    "d5 timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp()",
    "d6 timestamp NULL DEFAULT NULL",
    "d7 timestamp(3) NOT NULL DEFAULT '0000-00-00 00:00:00.000'",
    "d8 time(2) DEFAULT '12:30:00'",
    "d9 year(4) DEFAULT 2020",
    "d10 datetime ON UPDATE current_timestamp()",
    "f1 int DEFAULT (1 + 2)",
    "f2 varchar(40) DEFAULT uuid()",
    "f3 varchar(40) DEFAULT (concat('(', ')', ',', '`'))",
    "f4 int DEFAULT (t2 + 1)",
    "g1 int GENERATED ALWAYS AS (t2 + 1) VIRTUAL",
    "g2 varchar(50) AS (concat(c1, ',)(')) VIRTUAL INVISIBLE",
    "g3 varchar(50) AS (if(c1 = 'COMMENT', 'STORED', 'CHECK')) VIRTUAL",
    "k1 int CHECK (k1 > 0)",
    "k2 varchar(9) NOT NULL DEFAULT 'x' CHECK (k2 <> 'COMMENT ''x'', (' and k2 <> ',')",
    "k3 int DEFAULT 1 COMMENT 'old' CHECK (k3 in (1, 2, 3))",
    "j1 json",
    "j2 json NOT NULL DEFAULT '{}'",
    "j3 json DEFAULT json_object('a', 1) CHECK (json_valid(j3))",
    "s1 point",
    "s2 geometry REF_SYSTEM_ID=4326 NOT NULL",
    "s3 polygon REF_SYSTEM_ID=3857",
    "s4 linestring",
    "i1 inet4",
    "i2 inet6 DEFAULT '::1'",
    "i3 uuid",
    "`per%cent` int DEFAULT 1",
    "`back``tick` int DEFAULT 2",
    "`par(en,` int DEFAULT 3",
    "`COMMENT 'x'` int DEFAULT 4 COMMENT 'the COMMENT ''x'' of it'",
    "`check` int DEFAULT 5",
    "`ümläut 名前` int DEFAULT 6",
    "`quo'te\"` int DEFAULT 7",
    "`dot.ted` int DEFAULT 8 COMMENT 'back\\\\slash'",
    "`end` int DEFAULT 9",
]
TYPES = [
    "id serial",
    "n1 double precision NOT NULL",
    "n2 real(7,4) unsigned zerofill",
    "n3 dec(65,30) DEFAULT 0.000000000000000000000000000001",
    "n4 bit(64) NOT NULL DEFAULT b'1'",
    "n5 int(11) DEFAULT -2147483648 UNIQUE",
    "c1 national char(9)",
    "c2 nvarchar(9) DEFAULT N'n'",
    "c3 char(0)",
    "c4 char byte",
    "c5 varchar(9) CHARACTER SET ucs2 DEFAULT 'ä'",
    "c6 varchar(9) CHARACTER SET utf16 COLLATE utf16_bin",
    "c7 varchar(9) CHARACTER SET utf32",
    "c8 varchar(9) CHARACTER SET sjis COLLATE sjis_bin DEFAULT '表\\\\'",
    "c9 varchar(9) CHARACTER SET gbk DEFAULT '縗\\''",
    "c10 varchar(9) CHARACTER SET binary",
    "c11 varchar(9) CHARACTER SET utf8mb3 COLLATE utf8mb3_uca1400_ai_ci",
    "c12 varchar(9) COLLATE utf8mb4_nopad_bin NOT NULL DEFAULT '🙂'",
    "c13 long varchar",
    "c14 varchar(300) COMPRESSED CHARACTER SET latin1 DEFAULT 'x'",
    "c15 varbinary(300) COMPRESSED NOT NULL",
    "c16 mediumtext COMPRESSED DEFAULT 'COMMENT'",
    "e1 enum('ä','🙂','\\\\','') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "e2 set('COMMENT \\'x\\'',')','(') CHARACTER SET latin1",
    "d1 date DEFAULT curdate()",
    "d2 time(6) DEFAULT curtime(6)",
    "d3 datetime(3) DEFAULT (now(3) + interval 1 day)",
    "d4 timestamp(6) NULL ON UPDATE current_timestamp(6)",
    "f1 blob DEFAULT repeat('x', 3)",
    "f2 varchar(80) DEFAULT (concat_ws('COMMENT ''x''', user(), \"y\"))",
    "f3 json DEFAULT (json_array(1, '(', ')'))",
    "f4 uuid DEFAULT uuid()",
    "f5 uuid DEFAULT '123e4567-e89b-12d3-a456-426655440000'",
    "f6 inet4 NOT NULL DEFAULT '127.0.0.1'",
    "f7 int DEFAULT (case when n5 > 0 then 1 else 2 end)",
    "g1 int AS (n5 + 1) VIRTUAL UNIQUE",
    "g2 json AS (json_object('COMMENT', c3)) VIRTUAL",
    "g3 int AS (n5 * 2) VIRTUAL INVISIBLE CHECK (g3 <> 3)",
    "g4 varchar(9) CHARACTER SET latin1 AS (left(c2, 9)) VIRTUAL",
    "g5 point AS (point(n5, 1)) VIRTUAL",
    "i1 int NOT NULL INVISIBLE DEFAULT 7 CHECK (i1 > 0)",
    "k1 varchar(9) DEFAULT '/*' CHECK (k1 not in ('--', '#', '*/', '`'))",
    "k2 int UNIQUE CHECK (k2 between 1 and 9 or k2 is null)",
    "s1 geometrycollection",
    "s2 multipoint REF_SYSTEM_ID=4326",
    "s3 multilinestring REF_SYSTEM_ID=0",
    "s4 multipolygon REF_SYSTEM_ID=3857 NOT NULL",
    "s5 point REF_SYSTEM_ID=4326 DEFAULT (point(1, 2)) INVISIBLE",
    "`COMMENT` int COMMENT 'COMMENT'",
    "`GENERATED ALWAYS AS (1) STORED` int",
    "`a ``b`` /*!50000 c*/` int CHECK (`a ``b`` /*!50000 c*/` > 0)",
    "`%s` varchar(20) DEFAULT '%s %(x)s %%'",
    "`:x` int DEFAULT 1",
    f"`{'n' * 64}` int",
    "`\\\\` int",
    "`中\t文` int",
]
TABLES = {
    "varied": [
        f"CREATE TABLE t ({', '.join(VARIED)}, PRIMARY KEY (id), KEY `k,(` (c1, c2(5)),"
        " FULLTEXT KEY ft (x1), SPATIAL KEY sp (s2), CONSTRAINT `c,)` CHECK (t2 <> 99))"
        " COMMENT='old \\'comment\\', (' ROW_FORMAT=DYNAMIC AUTO_INCREMENT=100"
    ],
    "types": [
        f"CREATE TABLE t ({', '.join(TYPES)}, KEY k (c5, c6 DESC) COMMENT 'of a key', "
        "SPATIAL KEY (s4), FULLTEXT KEY (c1, c2), CONSTRAINT `COMMENT 'x'` CHECK "
        "(n5 <> 5 and c1 <> 'COMMENT ''x''')) STATS_PERSISTENT=1 CHECKSUM=1 "
        'COLLATE=utf8mb4_unicode_ci COMMENT="it\'s"'
    ],
    "stored": [
        "CREATE TABLE t (a int, s1 int AS (a + 1) STORED, s2 varchar(9) AS (concat("
        "'STORED', a)) PERSISTENT, s3 int AS (a * 2) STORED INVISIBLE CHECK (s3 < 99), "
        "s4 json AS (json_array(a)) STORED, v int AS (a) VIRTUAL, KEY (s1), UNIQUE (v))"
    ],
    "no json": [
        "CREATE TABLE t (a longtext CHARACTER SET latin1 CHECK (json_valid(a)), "
        "b varchar(9) CHECK (json_valid(b)), c json CHECK (json_length(c) > 1), "
        "d longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin CHECK (json_valid(d)), "
        "e longtext CHECK (json_valid(e)))"
    ],
    "binary json": ["CREATE TABLE t (j json, k json NOT NULL) COLLATE utf8mb4_bin"],
    "sequences": [
        "CREATE SEQUENCE q",
        "CREATE TABLE t (a bigint DEFAULT nextval(q), b bigint DEFAULT (next value for "
        "q), c bigint DEFAULT (lastval(q) + 1))",
    ],
    "versioned": [
        "CREATE TABLE t (a int PRIMARY KEY, b int WITHOUT SYSTEM VERSIONING, c text) "
        "WITH SYSTEM VERSIONING"
    ],
    "versioned rows": [
        "CREATE TABLE t (a int, s timestamp(6) GENERATED ALWAYS AS ROW START INVISIBLE,"
        " e timestamp(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) "
        "WITH SYSTEM VERSIONING"
    ],
    "versioned partitions": [
        "CREATE TABLE t (a int, b int) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME "
        "(PARTITION p1 HISTORY, PARTITION p2 CURRENT)"
    ],
    "periods": [
        "CREATE TABLE t (id int, s date, e date, PERIOD FOR app (s, e), "
        "UNIQUE (id, app WITHOUT OVERLAPS))"
    ],
    "both periods": [
        "CREATE TABLE t (id int, s date, e date, PERIOD FOR app (s, e)) "
        "WITH SYSTEM VERSIONING"
    ],
    "range": [
        "CREATE TABLE t (id int, d date, PRIMARY KEY (id, d)) PARTITION BY RANGE "
        "(year(d)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (PARTITION a VALUES LESS "
        "THAN (2020) COMMENT = 'of a', PARTITION b VALUES LESS THAN MAXVALUE)"
    ],
    "range columns": [
        "CREATE TABLE t (a int, b varchar(9)) PARTITION BY RANGE COLUMNS (a, b) "
        "(PARTITION x VALUES LESS THAN (5, 'm'), PARTITION y VALUES LESS THAN "
        "(MAXVALUE, MAXVALUE))"
    ],
    "list": [
        "CREATE TABLE t (a int, b int) PARTITION BY LIST (a) (PARTITION x VALUES IN "
        "(1, 2), PARTITION y DEFAULT)"
    ],
    "list columns": [
        "CREATE TABLE t (a varchar(9), b int) PARTITION BY LIST COLUMNS (a) (PARTITION "
        "x VALUES IN ('a', 'COMMENT''x'), PARTITION y VALUES IN ('c'))"
    ],
    "hash": ["CREATE TABLE t (a int, b int) PARTITION BY LINEAR HASH (a) PARTITIONS 3"],
    "key": [
        "CREATE TABLE t (a int PRIMARY KEY, b int) PARTITION BY KEY () PARTITIONS 2"
    ],
    "myisam": [
        "CREATE TABLE t (a int, b text, g point NOT NULL, FULLTEXT (b), SPATIAL (g)) "
        "ENGINE=MyISAM PACK_KEYS=1 MAX_ROWS=9 AVG_ROW_LENGTH=9 DELAY_KEY_WRITE=1"
    ],
    "fixed": ["CREATE TABLE t (a int, b char(9)) ENGINE=MyISAM ROW_FORMAT=FIXED"],
    "merge": [
        "CREATE TABLE m (a int, b int) ENGINE=MyISAM",
        "CREATE TABLE t (a int, b int) ENGINE=MERGE UNION=(m) INSERT_METHOD=LAST",
    ],
    "aria": [
        "CREATE TABLE t (a int, b text, v int AS (a + 1) VIRTUAL, FULLTEXT (b)) "
        "ENGINE=Aria TRANSACTIONAL=1 PAGE_CHECKSUM=1"
    ],
    "aria dynamic": [
        "CREATE TABLE t (a int, b text) ENGINE=Aria TRANSACTIONAL=0 ROW_FORMAT=DYNAMIC"
    ],
    "memory": ["CREATE TABLE t (a int, b char(9), KEY (a) USING HASH) ENGINE=MEMORY"],
    "csv": ["CREATE TABLE t (a int NOT NULL, b varchar(9) NOT NULL) ENGINE=CSV"],
    "redundant": ["CREATE TABLE t (a int, b text) ROW_FORMAT=REDUNDANT"],
    "compact": ["CREATE TABLE t (a int, b text) ROW_FORMAT=COMPACT"],
    "compressed": [
        "CREATE TABLE t (a int, b text) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8"
    ],
    "page compressed": [
        "CREATE TABLE t (a int, b text) PAGE_COMPRESSED=1 PAGE_COMPRESSION_LEVEL=4"
    ],
    "foreign keys": [
        "CREATE TABLE t (id int PRIMARY KEY, p int, q int, UNIQUE (q, p), CONSTRAINT "
        "`f,(` FOREIGN KEY (p) REFERENCES t (id) ON DELETE SET NULL ON UPDATE CASCADE)",
        "CREATE TABLE child (a int, b int, FOREIGN KEY (a, b) REFERENCES t (q, p))",
        "INSERT INTO t VALUES (1, 1, 1)",
        "INSERT INTO child VALUES (1, 1)",
    ],
    "triggers": [
        "CREATE TABLE t (a int, b int)",
        "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET NEW.b = 1",
        "CREATE VIEW w AS SELECT a FROM t",
    ],
    "latin": ["CREATE TABLE t (a varchar(9), `grün` text) CHARACTER SET latin1"],
}
"""Statements that make each table `t`, and what stands around it."""

COPY, TYPE = "for this operation", "Cannot change column type"
STORED, LOCK = "it is stored generated", "LOCK=NONE is not supported"
NOT_INSTANT: dict[str, dict[str | None, str]] = {
    "types": {"g1": COPY},
    "stored": {"s1": STORED, "s2": STORED, "s3": STORED, "s4": STORED, "v": COPY},
    "no json": {"a": TYPE, "b": TYPE, "e": TYPE},
    "periods": {None: COPY, "id": COPY, "s": COPY, "e": COPY},
    "merge": {None: LOCK, "a": LOCK, "b": LOCK},
}
"""Columns, or None for the table itself, that only a copy can comment, and why."""
NEVER = {"versioned rows": {"s", "e"}, "types": {"c12", "e1"}}
"""ROW START and ROW END, which have no comments, and what is printed as `?`."""
UNLOCKED = {"sequences"}
"""Tables that cannot be altered under LOCK TABLES."""

ACCOUNTS = {
    "columns": "SELECT * FROM information_schema.columns WHERE table_schema = "
    "database() ORDER BY table_name, ordinal_position",
    "shapes": "SELECT * FROM information_schema.geometry_columns WHERE "
    "g_table_schema = database() ORDER BY g_table_name, g_geometry_column",
    "checks": "SELECT * FROM information_schema.check_constraints WHERE "
    "constraint_schema = database() ORDER BY table_name, level, constraint_name",
    "indexes": "SELECT * FROM information_schema.statistics WHERE table_schema = "
    "database() ORDER BY table_name, index_name, seq_in_index",
    # Every ALTER of an Aria table writes down that its pages have checksums, which is
    # the default; SHOW CREATE TABLE says so before and after.
    "tables": "SELECT table_name, engine, row_format, table_collation, "
    "replace(create_options, 'page_checksum=1 ', ''), auto_increment "
    "FROM information_schema.tables WHERE table_schema = database() "
    "AND table_type <> 'VIEW' ORDER BY 1",
}
LITERALS = (
    "SELECT column_name FROM information_schema.columns WHERE table_schema = "
    "database() AND table_name = 't' AND is_nullable = 'YES' AND column_default LIKE "
    "'\\'%' AND data_type IN ('char', 'varchar', 'binary', 'varbinary', 'enum', 'set')"
)
"""Columns whose default SHOW CREATE TABLE may print as another text than it is."""
MASKED = {"columns": 19, "indexes": 9}
"""The place of column_comment, and of cardinality, which is an estimate."""
COMMENT = re.compile(r" COMMENT[ =]'(?:[^'\\]|\\.|'')*'")


def account(run: Run) -> dict[str, object]:
    """All that MariaDB says of the schema, but for comments and estimates."""
    found: dict[str, object] = {}
    for name, query in ACCOUNTS.items():
        found[name] = [
            [value for place, value in enumerate(row) if place != MASKED.get(name)]
            for row in run(query)
        ]
    literals = [f"hex(default(`{name}`))" for (name,) in run(LITERALS)]
    if literals:
        query = f"SELECT {', '.join(literals)} FROM t RIGHT JOIN (SELECT 1) x ON false"
        found["defaults"] = run(query)
    for table, *_ in run(ACCOUNTS["tables"]):
        found[f"create {table}"] = COMMENT.sub("", created(run, str(table)))
    return found


def created(run: Run, name: str) -> str:
    return str(run(f"SHOW CREATE TABLE `{name}`")[0][1])


def by_outcome(results: Sequence[WriteResult]) -> dict[Outcome, dict[str | None, str]]:
    found: dict[Outcome, dict[str | None, str]] = {outcome: {} for outcome in Outcome}
    for result in results:
        name = column_of(result.change.target)
        found[result.outcome][name] = result.reason or ""
    return found


@pytest.mark.parametrize("name", TABLES)
def test_every_definition_is_kept(mariadb: Proved, name: str) -> None:
    with connected(mariadb.url) as run, mariadb.open() as database:
        run(LOOSE, *TABLES[name])
        original, before = created(run, "t"), account(run)
        table = fresh(database, mariadb.id("t"))
        copied = NOT_INSTANT.get(name, {})

        def put(texts: dict[Target, str | None]) -> list[WriteResult]:
            now = fresh(database, table.id)
            changes = [
                CommentChange(target, now.comment_of(target), text)
                for target, text in texts.items()
            ]
            return write(database, now, changes, allow_rebuild=True)

        # Without leave to copy: what is instant, and why the rest is not.
        results = write(database, table, changes_to(table, "a 'new' comment, (\\"))
        found = by_outcome(results)
        refused = found[Outcome.REFUSED]
        assert set(refused) == {*copied, *NEVER.get(name, ())}
        for column, why in copied.items():
            assert "--allow-rebuild" in refused[column]
            assert why in refused[column]
        instant = found[Outcome.WRITTEN]
        assert len(instant) + len(refused) == len(results) == len(table.targets())
        for note in instant.values():
            assert ("without a table lock" in note) == (name in UNLOCKED)
        assert account(run) == before
        # With it: replaced, cleared, and what was there before.
        fine = [t for t in table.targets() if column_of(t) not in NEVER.get(name, ())]
        for text in ("another\n\\'one", None):
            assert all_written(put(dict.fromkeys(fine, text)))
            after = fresh(database, table.id)
            assert {after.comment_of(target) for target in fine} == {text}
            assert account(run) == before
        assert all_written(put({target: table.comment_of(target) for target in fine}))
        assert fresh(database, table.id) == table
        assert created(run, "t") == original
        assert account(run) == before
    print(
        f"{name}: {len(instant)} instant, {len(copied)} by copying, of {len(results)}"
    )


def test_they_are_many() -> None:
    """Each of these columns stands for a way to lose something."""
    assert len(VARIED) + len(TYPES) == 125


def test_a_default_that_is_not_printed_as_it_is_is_not_restated(
    mariadb: Proved,
) -> None:
    """Commenting turned the default '🙂' into '?', and the comparison saw the same.

    MariaDB prints such a default as a question mark, before and after.
    """
    mariadb.run(
        "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, a varchar(9) DEFAULT '🙂', "
        "b varchar(9) CHARACTER SET cp1251 DEFAULT x'98', "
        "c varchar(9) CHARACTER SET utf16 NOT NULL DEFAULT 'x🙂', "
        "d enum('🙂', 'x') DEFAULT '🙂', e set('x', '🙂') DEFAULT 'x,🙂', "
        "f varchar(9) DEFAULT (concat('🙂')), g text DEFAULT '🙂', "
        "h varbinary(9) DEFAULT '?', i varchar(9) AS ('🙂') VIRTUAL, "
        "j varchar(9) CHECK (j <> '🙂'), k varchar(9) DEFAULT 'is it?')"
    )
    row = "SELECT hex(a), hex(b), hex(c), d, e, f, g, h, i, k FROM t WHERE id = {}"
    mariadb.run("INSERT INTO t (j) VALUES (1)")
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    changes = changes_to(table, "new")
    refused = by_outcome(write(database, table, changes))[Outcome.REFUSED]
    assert set(refused) == set("abcdek")
    assert "question mark" in refused["a"]
    left = [c for c in changes if column_of(c.target) in refused]
    results = write(database, table, left, allow_rebuild=True)
    assert set(by_outcome(results)[Outcome.REFUSED]) == set("abcdek")
    mariadb.run("INSERT INTO t (j) VALUES (2)")
    assert mariadb.run(row.format(2)) == mariadb.run(row.format(1))


def test_labels_that_are_not_printed_as_they_are_are_not_copied(
    mariadb: Proved,
) -> None:
    """Leave to copy an empty table would have let '?' take the place of '🙂'."""
    mariadb.run(
        "CREATE TABLE t (a enum('🙂', 'x'), b set('🙂', 'x'), "
        "c enum('🙂') AS ('🙂') STORED, d enum('?', 'y'))"
    )
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    results = write(database, table, changes_to(table, "new"), allow_rebuild=True)
    found = by_outcome(results)
    # The last one's is a question mark: the server found nothing to change.
    assert set(found[Outcome.WRITTEN]) == {None, "d"}
    assert {why.split(";")[0] for why in found[Outcome.REFUSED].values()} == {
        "the type of it holds a question mark, which the database also prints for "
        "characters that it cannot"
    }
    mariadb.run("INSERT INTO t (a, b) VALUES ('🙂', 'x,🙂')")
    assert mariadb.run("SELECT a, b, c FROM t") == [("🙂", "🙂,x", "🙂")]


def test_a_definition_that_is_no_text_holds_up_no_other_table(mariadb: Proved) -> None:
    """One binary default ended the run before anything was written anywhere."""
    mariadb.run(
        "CREATE TABLE bytes (a varbinary(9) DEFAULT x'ff00fe', b int)",
        "CREATE TABLE other (a int)",
    )
    database = mariadb.open()
    tables = list(database.scan(schemas=[mariadb.schema]))
    work = [(table, changes_to(table, "new")) for table in tables]
    assert [len(plan(database, *each).statements) for each in work] == [0, 1]
    ledger = RecordingLedger()
    results = list(executing(database, work, ledger))
    assert not ledger.open
    refused = [r for r in results if r.outcome is Outcome.REFUSED]
    assert {table_of(result.change.target).name for result in refused} == {"bytes"}
    assert "its definition cannot be read" in (refused[0].reason or "")
    assert [r.outcome for r in results].count(Outcome.WRITTEN) == 2
    assert fresh(database, mariadb.id("other")).comment == "new"
