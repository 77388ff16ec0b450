"""`model.known_systems`: tables of known systems are found, others are not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest

from benchmarks.known_systems import decoys, measure, siblings, versions
from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from model import teacher_set
from model.known_systems import KnownSystems, Match
from model.teacher_set import Described, described

CONTACT = ["hs_lead_status", "hs_object_code", "lifecycle_mark", "email", "created_at"]


def table(name: str, columns: Sequence[str | tuple[str, str]]) -> Table:
    """A user's table; columns are names, or names and types."""
    schema, _, bare = name.rpartition(".")
    table_id = TableId(schema, bare)
    pairs = [(each, "") if isinstance(each, str) else each for each in columns]
    return Table(
        table_id,
        TableKind.TABLE,
        tuple(
            Column(ColumnId(table_id, column), place, kind)
            for place, (column, kind) in enumerate(pairs, 1)
        ),
    )


def known_table(
    number: int, source: str, schema: str, name: str, columns: Sequence[str]
) -> Described:
    """A line of the teacher set."""
    return described(
        {
            "id": f"r{number}",
            "source": source,
            "license": "MIT",
            "schema": schema,
            "table": name,
            "description": f"One row per {schema} {name}.",
            "columns": [
                {"name": each, "description": f"Text of {schema} {name} {each}."}
                for each in columns
            ],
        }
    )


@pytest.fixture
def small() -> KnownSystems:
    """Three tables of two systems among many that are none."""
    other = [
        described(
            {
                "id": f"s{number}",
                "table": f"thing_{number}",
                "columns": [{"name": each} for each in ("id", "email", "created_at")],
            }
        )
        for number in range(100)
    ]
    return KnownSystems(
        [
            *other,
            known_table(1200, "fivetran/dbt_hubspot", "hubspot", "contact", CONTACT),
            known_table(
                1201,
                "fivetran/dbt_hubspot",
                "hubspot",
                "deal_pipeline",
                ["pipeline_key", "is_archived", "closed_at", "deal_quantity"],
            ),
            known_table(
                1202,
                "fivetran/dbt_pardot",
                "pardot",
                "contact",
                [*CONTACT[:4], "updated_at"],
            ),
        ]
    )


@cache
def teacher() -> list[Described]:
    return list(teacher_set.shipped())


def found(known: KnownSystems, asked: Table, *beside: str) -> Match:
    match = known.match(asked, neighbours=beside)
    assert match is not None
    return match


@pytest.mark.parametrize(
    "name",
    [
        "hubspot.contact",
        "raw_hubspot_eu.Contacts",
        "dwh.stg_hubspot__contact_tmp",
        "dwh.HUBSPOT_CONTACT_V2",
        "dwh.hubspotContacts",
    ],
)
def test_a_table_is_known_by_name_and_columns(small: KnownSystems, name: str) -> None:
    match = found(small, table(name, CONTACT))
    assert (match.system, match.table) == ("HubSpot", "contact")
    assert match.texts[None] == "One row per hubspot contact."
    assert match.texts["hs_lead_status"] == "Text of hubspot contact hs_lead_status."
    assert len(match.texts) == 6


def test_texts_go_by_the_users_names(small: KnownSystems) -> None:
    columns = ["PipelineKey", "ARCHIVED_FLAG", "closedDate", "deal_qty", "our_own"]
    match = found(small, table("hubspot.deal_pipelines", columns))
    assert {name: text.split()[-1] for name, text in match.texts.items() if name} == {
        "PipelineKey": "pipeline_key.",
        "ARCHIVED_FLAG": "is_archived.",
        "closedDate": "closed_at.",
        "deal_qty": "deal_quantity.",
    }


def test_a_hundred_custom_columns_are_normal(small: KnownSystems) -> None:
    custom = [f"custom_{number}_measure" for number in range(100)]
    match = found(small, table("hubspot.contact", [*custom, *CONTACT]))
    assert set(match.texts) == {None, *CONTACT}
    assert small.match(table("crm.contact", [*custom, *CONTACT])) is None


def test_columns_that_all_tables_have_are_no_match(small: KnownSystems) -> None:
    assert small.match(table("crm.contact", ["id", "email", "created_at"])) is None
    assert small.match(table("hubspot.contact", ["hs_lead_status"])) is None
    assert small.match(table("hubspot.contact", [])) is None
    assert small.match(table("hubspot.lead", CONTACT)) is None


def test_few_telling_columns_need_the_systems_name(small: KnownSystems) -> None:
    columns = ["pipeline_key", "is_archived"]
    assert small.match(table("raw.deal_pipeline", columns)) is None
    assert found(small, table("hubspot.deal_pipeline", columns))
    assert found(small, table("raw.hubspot_deal_pipeline", columns))


def test_two_systems_that_fit_as_well_are_none(small: KnownSystems) -> None:
    shared = table("crm.contact", CONTACT[:3])
    assert small.match(shared) is None
    assert found(small, shared, "deal_pipelines").system == "HubSpot"
    pardot = table("pardot.contact", CONTACT[:3])
    assert found(small, pardot).system == "Pardot"


def test_many_other_tables_beside_it_speak_against_it(small: KnownSystems) -> None:
    columns = [*CONTACT[:3], *(f"other_{number}_measure" for number in range(5))]
    alone = found(small, table("hubspot.contact", columns))
    beside = [f"thing_{number}" for number in range(2000)]
    among = small.match(table("hubspot.contact", columns), neighbours=set(beside))
    again = small.match(table("hubspot.contact", columns), neighbours=beside[::-1])
    assert among is not None
    assert among.score < alone.score
    assert again == among


@pytest.mark.parametrize(
    ("column", "kind", "proposed"),
    [
        ("email_confirmed", "boolean", True),
        ("email_confirmed", "timestamp", False),
        ("email_confirmed", "varchar(5)", True),
        ("created_at", "timestamptz", True),
        ("created_at", "boolean", False),
        ("created_at", "bigint", True),
        ("id", "uuid", True),
        ("id", "date", False),
        ("title", "integer", False),
    ],
)
def test_a_text_that_the_type_contradicts_is_left_out(
    column: str, kind: str, proposed: bool
) -> None:
    texts: dict[str | None, str] = {
        "id": "Unique identifier of the user.",
        "title": "Title of the user.",
        "created_at": "Time the user was created.",
        "email_confirmed": "Whether the e-mail address is confirmed.",
    }
    record = known_table(
        1200, "fivetran/dbt_lever", "lever", "user", [*filter(None, texts)]
    )
    known = KnownSystems(
        [Described(record.table, texts, {}, record.source, record.id, record.facets)]
    )
    columns = [(name, kind if name == column else "") for name in filter(None, texts)]
    assert (column in found(known, table("lever.users", columns)).texts) is proposed


def test_names_nobody_expects_are_no_failure(small: KnownSystems) -> None:
    odd = ["", "_", "ünï côde", "列", "a" * 5000, "\x1b[31m", "__", "1"]
    for name in odd:
        assert small.match(table(f"{name}.contact", odd)) is None
        assert small.match(table(name, odd), neighbours=odd) is None
    assert KnownSystems(()).match(table("hubspot.contact", CONTACT)) is None


def test_the_shipped_systems_have_names_sources_and_licences() -> None:
    systems = KnownSystems.shipped().systems()
    assert {"Shopify", "HubSpot", "NetSuite", "QuickBooks", "SAP", "Google Ads"} <= {
        each.name for each in systems
    }
    assert sum(each.tables for each in systems) == 603
    assert all(each.sources and all(each.licences) for each in systems)
    assert KnownSystems.shipped() is KnownSystems.shipped()


def test_changed_tables_get_their_own_texts() -> None:
    figures = measure(KnownSystems.shipped(), versions(teacher()))
    assert figures.precision >= 0.99
    assert figures.right_table_texts >= 0.98 * figures.table_texts
    assert figures.right_tables >= 0.99 * figures.matched
    assert figures.recall >= 0.78


def test_no_unrelated_table_is_known() -> None:
    known = KnownSystems.shipped()
    invented = [each.table for each in teacher() if each.id[:1] != "r"]
    assert len(invented) > 2000
    assert not [each.id for each in invented if known.match(each)]
    assert not [each.id for each in decoys(teacher()) if known.match(each)]


def test_no_sibling_is_taken_for_a_table_that_is_not_known() -> None:
    assert siblings(teacher(), versions(teacher())[::2]) == 0


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        (
            "public.customers",
            "id first_name last_name email phone created_at updated_at",
        ),
        (
            "shop.orders",
            "order_id customer_id order_date status total_amount currency shipped_at",
        ),
        ("public.users", "id name email password_hash is_active created_at role"),
        ("sales.order_items", "id order_id product_id quantity unit_price discount"),
        ("public.products", "id title description price sku created_at status tags"),
        ("crm.contact", "contact_id name email phone title company_id owner_id"),
        ("crm.account", "id name industry website billing_city owner_id created_date"),
        ("billing.invoices", "id number customer_id due_date total status paid_at"),
        ("helpdesk.tickets", "id subject description priority status created_at"),
        ("public.events", "id name type user_id timestamp properties session_id"),
        (
            "public.addresses",
            "id address1 address2 city zip country province phone company first_name",
        ),
        ("crm.lead", "id first_name last_name company title phone status converted_at"),
        (
            "crm.opportunity",
            "id name amount close_date owner_id account_id probability",
        ),
        ("ledger.accounts", "id name account_number account_type currency_id balance"),
        ("public.products", "id title vendor product_type handle tags status"),
        ("public.location", "id name address1 city zip country phone active"),
        ("public.plan", "id name amount currency interval interval_count active"),
        ("public.comment", "id issue_id author_id body created_at updated_at"),
        ("hr.team", "id name manager_id created_at"),
        ("public.tags", "id name slug"),
    ],
)
def test_everybodys_tables_are_not_known(name: str, columns: str) -> None:
    assert KnownSystems.shipped().match(table(name, columns.split())) is None
