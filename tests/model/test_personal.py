"""Which values are sure to be codes, told from names and forms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.objects import (
    Column,
    ColumnId,
    ForeignKey,
    Profile,
    Table,
    TableId,
    TableKind,
)
from model.personal import inside, may_be_named


def table(name: str, *columns: str, kind: str = "VARCHAR") -> Table:
    known = TableId("s", name)
    found = (Column(ColumnId(known, c), n, kind) for n, c in enumerate(columns, 1))
    return Table(known, TableKind.TABLE, tuple(found))


def named(column: str, *values: str, of: str = "item", kind: str = "VARCHAR") -> bool:
    known = table(of, column, kind=kind)
    return may_be_named(known, known.columns[0], values)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("status", ["A", "I"]),
        ("STATUS_CD", ["OPEN", "XYZQ"]),
        ("x1", ["01", "02"]),
        ("x1", ["open", "paid", "not paid"]),
        ("x1", ["2/10 net 30", "net 60"]),
        ("created_by_type", ["EXTERN", "INTERN"]),
        ("user_status", ["ZAKTIV", "ZINAKT"]),
        ("is_user", ["true", "false"]),
        ("email", ["Y", "N"]),
        ("country_name", ["Costa Rica", "Sri Lanka"]),
        ("waehrung", ["EUR", "CHF"]),
        ("tax_code", ["V0", "A1"]),
        ("job_title", ["Accountant", "Store manager"]),
        ("os_name", ["Android", "macOS"]),
    ],
)
def test_codes(column: str, values: list[str]) -> None:
    assert named(column, *values)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("x1", ["ann@x.org", "bob@x.org"]),
        ("who", ["TM", "KB"]),
        ("x1", ["+49 30 1234567", "+49 30 7654321"]),
        ("first_name", ["Ann", "Bob"]),
        ("manager_name", ["Ann", "Bob"]),
        ("customer_email", ["a", "b"]),
        ("status", ["ann@x.org", "open"]),
        ("type", ["Anna Kolsen", "Bernd Meier"]),
        ("kind", ["10.0.0.1", "10.0.0.2"]),
        ("category", ["4111 1111 1111 1111", "5500 0055 5555 5559"]),
        ("handled", ["HMEIER", "KOLSEN"]),
        ("handled", ["BATCH", "HMEIER"]),
        ("handled", ["Ann", "Eva"]),
        ("handled", ["Grace Hill", "Mark Young"]),
        ("geaendert_von", ["01", "02"]),
        ("ErfBenutzer", ["A", "B"]),
        ("BNAME", ["A", "B"]),
        ("gebruiker", ["A", "B"]),
        ("código_usuário", ["A", "B"]),
        ("usrnam", ["A", "B"]),
        ("email_adresse", ["A", "B"]),
        ("AnsprechpartnerNr", ["1", "2"]),
        ("post_code", ["EH1", "SW1"]),
        ("employee_id", ["1", "2"]),
        ("birth_year", ["1971", "1988"]),
        ("yob", ["1971", "1988"]),
        ("delivery_notes", ["ring twice", "no one there"]),
    ],
)
def test_what_stays_inside(column: str, values: list[str]) -> None:
    assert not named(column, *values)


def test_a_code_of_a_person_is_the_person() -> None:
    assert not named("code", "HM", "KO", of="employees")
    assert named("code", "HM", "KO", of="warehouses")
    known = table("orders", "approval", "warehouse")
    people = ForeignKey(("approval",), TableId("s", "app_users"), ("id",))
    places = ForeignKey(("warehouse",), TableId("s", "places"), ("id",))
    known = replace(known, foreign_keys=(people, places))
    assert not may_be_named(known, known.columns[0], ["1", "2"])
    assert may_be_named(known, known.columns[1], ["1", "2"])


def test_a_table_tells_how_an_old_name_is_read() -> None:
    known = table("OHEAD", "OHORD", "OHDAT", "OHUSER", "OHSTS", "OHCTRY")
    user, status = (known.column(name) for name in ("OHUSER", "OHSTS"))
    assert user is not None
    assert status is not None
    assert not may_be_named(known, user, ["A", "B"])
    assert may_be_named(known, status, ["A", "B"])


def test_the_catalog_may_say_that_a_list_is_one() -> None:
    assert not named("x1", "KEIN", "VOLL")
    assert named("x1", "KEIN", "VOLL", kind="ENUM('KEIN', 'VOLL')")
    assert not named("login", "KEIN", "VOLL", kind="ENUM('KEIN', 'VOLL')")


def test_what_stays_inside_is_only_looked_for() -> None:
    known = table("item", "user_id", "status", "amount", kind="BIGINT")
    profiles = {
        "user_id": Profile(9, 0.0, 2, "1", "2", ("1", "2")),
        "status": Profile(9, 0.0, 2, "1", "2", ("1", "2")),
        "amount": Profile(9, 0.0, 9, "1", "4111111111111111", (), ("77000",)),
        "elsewhere": Profile(9, 0.0, 1),
    }
    found = inside(known, profiles)
    kept = Profile(9, 0.0, 2, samples=("1", "2"), private=True)
    assert found["user_id"] == kept
    assert found["status"] is profiles["status"]
    assert found["elsewhere"] is profiles["elsewhere"]
    assert found["amount"].private
    assert found["amount"].maximum is None
    assert "4111111111111111" in found["amount"].samples
    assert inside(known, found) == found


def test_few_amounts_are_no_codes_but_tell_of_nobody() -> None:
    known = table("item", "credit_limit", kind="DECIMAL(12,2)")
    codes = ("100000.00", "50000.00")
    seen = Profile(9, 0.0, 2, "50000.00", "100000.00", codes)
    found = inside(known, {"credit_limit": seen})["credit_limit"]
    assert not found.private
    assert (found.codes, found.samples) == ((), codes)
    assert found.minimum == "50000.00"
