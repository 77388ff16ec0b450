"""Values that tell of people, from a real database to the texts: none gets out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pytest

from catalog.suggestion import Finding
from model.checks import find
from model.library import ModelFile
from tests.model.scripted import Asked, Say, serving
from tests.tui.in_process import columnist
from tui.flow.scanning import scan
from tui.flow.session import Session, open_session
from tui.flow.settings import Settings

PEOPLE = ["Anna Lindqvist", "Bernd Kaltenbach", "Chiara Moretti", "Dmitri Volkov"]
IDS = ["BATCH", "HMEIER", "KOLSEN"]
MAILS = ["anna.lindqvist@example.org", "b.kaltenbach@example.org", "kolsen@example.org"]
STREETS = ["Kaltenbachweg 12", "Rue Lepelletier 4", "17 Wrexham Lane"]

PERSONAL: dict[str, dict[str, tuple[str, Sequence[object]]]] = {
    "party": {
        "first_name": ("VARCHAR", ["Annegret", "Bernd", "Chiara"]),
        "last_name": ("VARCHAR", ["Lindqvist", "Kaltenbach", "Moretti"]),
        "full_name": ("VARCHAR", PEOPLE),
        "nachname": ("VARCHAR", ["Lindqvist", "Kaltenbach", "Moretti"]),
        "prenom": ("VARCHAR", ["Amandine", "Thibault"]),
        "apellido": ("VARCHAR", ["Villanueva", "Echeverria"]),
        "birth_date": ("DATE", ["1971-03-14", "1988-11-02", "1990-07-23"]),
        "geburtsdatum": ("VARCHAR", ["14.03.1971", "02.11.1988"]),
        "ssn": ("VARCHAR", ["078-05-1120", "219-09-9999"]),
        "steuernummer": ("VARCHAR", ["93815/08152", "21815/08154"]),
        "passport_no": ("VARCHAR", ["C01X00T47", "C4Z2K9WPL"]),
    },
    "reach": {
        "email": ("VARCHAR", MAILS),
        "mobile": ("VARCHAR", ["+49 151 2345678", "+44 7700 900123"]),
        "telefonnr": ("BIGINT", [491512345678, 447700900123]),
        "fax_no": ("VARCHAR", ["040/123456", "030/654321"]),
        "street": ("VARCHAR", STREETS),
        "strasse_hausnr": ("VARCHAR", STREETS),
        "town": ("VARCHAR", ["Wuppertal", "Kaufbeuren"]),
        "post_code": ("VARCHAR", ["SW1A 1AA", "EH1 2NG"]),
        "contact": ("VARCHAR", PEOPLE),
    },
    "money": {
        "iban": ("VARCHAR", ["DE89370400440532013000", "GB29NWBK60161331926819"]),
        "kontonummer": ("VARCHAR", ["532013000", "648479930"]),
        "account_no": ("BIGINT", [532013000, 648479930]),
        "card_no": ("BIGINT", [4111111111111111, 5500005555555559]),
        "tax_id": ("VARCHAR", ["DE136695976", "DE811569869"]),
    },
    "access": {
        "login": ("VARCHAR", ["hmeier", "kolsen"]),
        "api_token": ("VARCHAR", ["tk_9fK2xQ", "tk_7mZ4wB"]),
        "passwd": ("VARCHAR", ["Sommer2019!", "Winter2020?"]),
        "client_ip": ("VARCHAR", ["10.20.30.41", "192.168.7.12"]),
        "device_id": ("VARCHAR", ["a1b2c3d4e5f6", "f6e5d4c3b2a1"]),
        "licence_plate": ("VARCHAR", ["HH-AB 1234", "B-XY 987"]),
    },
    "work": {
        "ernam": ("VARCHAR", IDS),
        "aenam": ("VARCHAR", IDS),
        "usnam": ("VARCHAR", IDS),
        "uname": ("VARCHAR", IDS),
        "bname": ("VARCHAR", IDS),
        "created_by": ("VARCHAR", IDS),
        "approver": ("VARCHAR", ["hmeier", "kolsen"]),
        "sachbearbeiter": ("VARCHAR", IDS),
        "owner": ("VARCHAR", PEOPLE),
        "author_cd": ("VARCHAR", ["LINDQVIST", "MORETTI"]),
        "usuario_mod": ("VARCHAR", ["hmeier", "kolsen"]),
        "remarks": ("VARCHAR", ["call Lindqvist", "left by Kaltenbach"]),
    },
    # Names that say nothing: the values alone have to tell.
    "zz9": {
        "x1": ("VARCHAR", IDS),
        "x2": ("VARCHAR", PEOPLE),
        "x3": ("VARCHAR", MAILS),
        "x4": ("VARCHAR", ["+49 151 2345678", "+44 7700 900123"]),
        "x5": ("VARCHAR", ["NL91ABNA0417164300", "BE68539007547034"]),
        "x6": ("BIGINT", [4111111111111111, 5500005555555559]),
        "x7": ("VARCHAR", ["10.20.30.41", "192.168.7.12"]),
        "x8": ("VARCHAR", ["3f2504e0-4f89-11d3", "7c9e6679-7425-40de"]),
        "x9": ("VARCHAR", ["HH-AB 1234", "B-XY 987"]),
        "y1": ("VARCHAR", ["Annegret", "Thibault"]),
        "y2": ("VARCHAR", ["00:1b:44:11:3a:b7", "00:1b:44:11:3a:c9"]),
        "y3": ("VARCHAR", ["hmeier1", "kolsen2"]),
    },
}
"""By table its columns with type and values, as few as a code list's."""

CODES: dict[str, dict[str, tuple[str, Sequence[object]]]] = {
    "document": {
        "status": ("VARCHAR", ["A", "I", "D"]),
        "currency": ("VARCHAR", ["EUR", "USD", "CHF"]),
        "country_code": ("VARCHAR", ["DE", "FR", "GB"]),
        "country": ("VARCHAR", ["Germany", "Costa Rica"]),
        "unit": ("VARCHAR", ["KG", "PCS"]),
        "active_flag": ("VARCHAR", ["Y", "N"]),
        "auart": ("VARCHAR", ["ZOR1", "TA"]),
        "bwart": ("VARCHAR", ["101", "201", "311"]),
        "diagnosis_code": ("VARCHAR", ["E11.9", "F32.1", "I10"]),
        "tax_code": ("VARCHAR", ["V0", "V1", "A1"]),
        "incoterm": ("VARCHAR", ["DAP", "EXW"]),
        "reason_cd": ("VARCHAR", ["DEFECT", "LATE", "REGRET"]),
        "mtart": ("VARCHAR", ["HAWA", "DIEN", "VERP"]),
        "priority": ("INTEGER", [1, 2, 3]),
        "fiscal_year": ("INTEGER", [2023, 2024, 2025]),
        "payment_method": ("VARCHAR", ["SEPA", "CARD", "CASH"]),
    },
    # Codes that sort people and what is theirs.
    "member_account": {
        "user_type": ("VARCHAR", ["EXTERN", "INTERN"]),
        "email_status": ("VARCHAR", ["bounced", "verified"]),
        "phone_verified": ("VARCHAR", ["N", "Y"]),
        "address_type": ("VARCHAR", ["BILL", "SHIP"]),
        "card_type": ("VARCHAR", ["AMEX", "VISA"]),
        "owner_role": ("VARCHAR", ["ADMIN", "GUEST"]),
        "gender": ("VARCHAR", ["d", "f", "m"]),
        "is_contact": ("BOOLEAN", [True, False]),
        "language": ("VARCHAR", ["de", "en", "sv"]),
        "status_name": ("VARCHAR", ["closed", "open"]),
        "x1": ("VARCHAR", ["01", "02"]),
        "x2": ("ENUM('KEIN', 'VOLL')", ["KEIN", "VOLL"]),
    },
}
"""The same of what is a code, and stays one."""

ORDINARY = {"call", "left", "lane", "example", "batch"}
"""Words of those values that tell of nobody."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database in which each value comes many times."""
    path = tmp_path / "people.duckdb"
    connection = duckdb.connect(str(path))
    for name, columns in (PERSONAL | CODES).items():
        kinds = ", ".join(f"{column} {kind}" for column, (kind, _) in columns.items())
        connection.execute(f"CREATE TABLE {name} ({kinds})")
        picked = ", ".join(f"(?)[1 + i % {len(v)}]" for _, v in columns.values())
        connection.execute(
            f"INSERT INTO {name} SELECT {picked} FROM range(60) t (i)",
            [list(values) for _, values in columns.values()],
        )
    connection.close()
    return f"duckdb:///{path}"


@pytest.fixture
def session(url: str, settings: Settings) -> Iterator[Session]:
    """The database, read."""
    with open_session(settings, url) as opened:
        list(scan(opened))
        yield opened


def telling() -> set[str]:
    """Every value and every part of one that nobody may read, lower case."""
    found = set[str]()
    for columns in PERSONAL.values():
        for _, values in columns.values():
            for value in map(str, values):
                found |= {value, *re.findall(r"[^\W_]{4,}", value)}
    return {each.lower() for each in found} - ORDINARY


TELLING = telling()


def told(text: str) -> set[str]:
    """What of the values stands in a text."""
    lowered = text.lower()
    return {
        each
        for each in TELLING
        if re.search(rf"(?<!\w){re.escape(each)}(?!\w)", lowered)
    }


def texts(url: str) -> dict[str, str]:
    """By table and column the descriptions that the workspace has."""
    lines = columnist("suggestions", url, "--jsonl").stdout.splitlines()
    found = [json.loads(line) for line in lines]
    return {f"{e['table']}.{e['column']}": e["text"] or e["guess"] or "" for e in found}


def test_forty_columns_at_least() -> None:
    assert sum(map(len, PERSONAL.values())) >= 40
    assert sum(map(len, CODES.values())) >= 20


def test_no_value_is_in_a_profile_but_to_be_looked_for(session: Session) -> None:
    for name in PERSONAL:
        (table,) = session.snapshot.tables(globs=[name])
        found = session.profile(table, stop=lambda: False)
        assert set(found) == set(PERSONAL[name])
        for column, profile in found.items():
            assert profile.private, column
            assert not profile.codes
            assert (profile.minimum, profile.maximum) == (None, None)
            assert profile.samples, column


def test_codes_stay_codes(session: Session) -> None:
    for name, columns in CODES.items():
        (table,) = session.snapshot.tables(globs=[name])
        found = session.profile(table, stop=lambda: False)
        for column, (_, values) in columns.items():
            shown = [str(v).lower() if isinstance(v, bool) else str(v) for v in values]
            assert sorted(found[column].codes) == sorted(shown), column


def test_a_value_in_a_text_is_always_found(session: Session) -> None:
    """Whole, in another case, or as a part that names somebody."""
    for name in PERSONAL:
        (table,) = session.snapshot.tables(globs=[name])
        found = session.profile(table, stop=lambda: False)
        for column in table.columns:
            _, values = PERSONAL[name][column.name]
            for value in map(str, values):
                parts = re.findall(r"[^\W\d_]{4,}", value)
                parts = [p for p in parts if p.lower() not in ORDINARY]
                for said in (value, value.lower(), value.upper(), *parts):
                    text = f"What was given for the entry: {said} or another."
                    leaks = find(text, table, column.id, found[column.name])
                    assert Finding.LEAK in leaks, (column.name, said)


def test_rules_name_codes_and_nobody(url: str, settings: Settings) -> None:
    columnist("draft", url)
    found = texts(url)
    assert len(found) > 60
    assert {key: told(text) for key, text in found.items() if told(text)} == {}
    assert found["document.status"].endswith(": A, D or I.")
    assert found["document.auart"].endswith(": TA or ZOR1.")
    assert found["member_account.user_type"].endswith(": EXTERN or INTERN.")
    columnist("accept", url, "--all")
    kept = b"".join(p.read_bytes() for p in settings.workspace.parent.glob("*.db*"))
    kept = kept.lower()
    assert [e for e in TELLING if len(e) > 5 and e.encode() in kept] == []


def test_a_model_that_copies_all_it_is_told_gives_nobody_away(url: str) -> None:
    def script(asked: Asked) -> Say:
        lines = re.findall(r"^- .*\[.*\]$", asked.content, re.MULTILINE)
        return Say(f"Entry of the record, such as {' '.join(lines)}.")

    with serving(script) as served:
        columnist("--model", served.url, "draft", url)
        asked = [each.content for each in served.asked]
    assert len(asked) > 60
    assert any("codes: A, D, I" in content for content in asked)
    assert [told(content) for content in asked if told(content)] == []
    assert [told(text) for text in texts(url).values() if told(text)] == []


@pytest.mark.gguf
def test_our_own_model_gives_nobody_away(url: str, own_model: ModelFile) -> None:
    drafted = json.loads(columnist("draft", url, "--json").stdout)
    assert drafted["model"] == own_model.name
    assert [told(text) for text in texts(url).values() if told(text)] == []


def test_a_model_that_knows_the_values_all_the_same_is_not_heard(url: str) -> None:
    values = {
        f"{column} of {name}": values[0]
        for name, columns in PERSONAL.items()
        for column, (_, values) in columns.items()
    }

    def script(asked: Asked) -> Say:
        match = re.search(r"Describe the column (.+)\.", asked.content)
        value = values.get(match[1]) if match else None
        return Say(f"Given for the entry, as in {value}." if value else "Kind of it.")

    with serving(script) as served:
        columnist("--model", served.url, "draft", url)
        assert len(served.asked) > 60
    assert [told(text) for text in texts(url).values() if told(text)] == []
