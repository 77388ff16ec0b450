"""The rules' sentences follow from the catalog and say nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.objects import (
    Column,
    ColumnId,
    ForeignKey,
    Profile,
    Table,
    TableId,
    TableKind,
)
from model.readings import readings
from model.rules import describe_column, reference_clause
from model.table_sentences import describe_table, row_noun, table_opening

ORDERS = TableId("sales", "orders")
NEW_STATE = "Identifier of the new state of the issue."


def table_with(*columns: tuple[str, str], name: str = "orders") -> Table:
    table_id = TableId("sales", name)
    return Table(
        id=table_id,
        kind=TableKind.TABLE,
        columns=tuple(
            Column(ColumnId(table_id, column), position, kind)
            for position, (column, kind) in enumerate(columns, 1)
        ),
        primary_key=(columns[0][0],),
        foreign_keys=(
            ForeignKey(("cust_id",), TableId("sales", "customers"), ("id",)),
            ForeignKey(("billing_addr_id",), TableId("sales", "addresses"), ("id",)),
        ),
    )


@pytest.mark.parametrize(
    ("column", "kind", "sentence"),
    [
        ("cust_id", "int", "Identifier of the customer associated with the order."),
        (
            "billing_addr_id",
            "int",
            "Identifier of the billing address of the order.",
        ),
        ("is_gift", "boolean", "Whether the order is a gift."),
        ("created_at", "timestamp", "Time the order was created."),
        ("last_upd_by", "varchar", "User who last updated the order."),
        ("ship_dt", "date", "Date of shipment."),
        ("num_items", "int", "Number of items of the order."),
        ("weight_kg", "numeric", "Weight of the order, in kilograms."),
        ("ends_on", "date", "Date the order ends."),
        ("vacation_days", "int", "Vacation days of the order."),
        ("warranty_months", "int", "Warranty of the order, in months."),
        ("qty_in_transit", "int", "Quantity in transit of the order."),
        ("reminder_sent", "boolean", "Whether the reminder is sent."),
        ("pct_of_sales", "numeric", "Percentage of sales of the order."),
        (
            "invoice_last_sent_at",
            "timestamp",
            "Time the invoice was last sent.",
        ),
        ("status", "varchar", "Status of the order."),
        ("image_ids", "json", "Identifiers of the images associated with the order."),
        ("public_id", "varchar", "Public identifier of the order."),
        ("key", "varchar", "Key of the order."),
        ("last_event_at", "timestamp", "Time of the last event."),
        ("wait_time", "int", "Wait time of the order."),
        ("account_creation_date", "date", "Date the account was created."),
        ("expected_delivery_date", "date", "Expected delivery date of the order."),
        ("occurred_at", "timestamp", "Time the order occurred."),
        ("due_date_at", "timestamp", "Time the order is due."),
        ("date_day", "", "Date to which the row refers."),
        ("user_full_name", "varchar", "Full name of the user."),
        ("owner_email", "varchar", "E-mail address of the owner."),
        ("agent_description", "varchar", "Description of the agent."),
        ("decline_reason", "varchar", "Reason for the decline."),
        ("error_code", "varchar", "Code of the error."),
        ("tax_percent", "numeric", "Tax rate of the order."),
        ("clicks", "", "Number of clicks."),
        ("failed_parts", "integer", "Number of failed parts of the order."),
        ("rows_affected", "", "Rows affected."),
        ("number_of_issues_closed", "", "Number of issues closed."),
        ("refunded_quantity", "int", "Quantity refunded."),
        ("verified", "", "Whether the order has been verified."),
        ("enable_logs", "boolean", "Whether logs are enabled for the order."),
        ("requires_shipping", "boolean", "Whether shipping is required."),
        ("site_admin", "boolean", "Whether the user is a site administrator."),
        ("won_primary", "boolean", "Whether the order won the primary."),
        ("is_default", "boolean", "Whether the order is the default."),
        ("is_latest_version", "boolean", "Whether the row is the current version."),
        ("is_paid_plan", "boolean", "Whether the order is a paid plan."),
        ("is_email_valid", "bool", "Whether the email is valid for the order."),
        ("tagging_enabled", "", "Whether tagging is enabled."),
        ("allow_users_to_leave", "bool", "Whether users are allowed to leave."),
        ("item_updated_at", "timestamp", "Time the item was last updated."),
        ("period_start", "timestamp", "Start of the period."),
        ("cancel_at_period_end", "", "Cancel at period end of the order."),
        ("media_alt_text", "varchar", "Alternative text of the media."),
        ("visibility_level", "varchar", "Visibility level of the order."),
        ("orig_id", "varchar", "Original identifier of the order."),
        ("amount_net", "numeric", "Net amount of the order."),
        ("weight_max", "numeric", "Maximum weight of the order."),
        ("run_count", "int", "Number of runs of the order."),
        ("active_count", "int", "Active count of the order."),
        ("item_is_deleted", "", "Whether the item is deleted."),
        ("timestamp_sent", "", "Time the order was sent."),
        ("created_date_utc", "", "Date the order was created, in UTC."),
        ("billing_postal_code", "text", "Billing postal code of the order."),
        ("user_gender", "varchar", "Gender of the user."),
        ("friendly_name", "text", "Friendly name of the order."),
        ("given_name", "text", "First name of the person."),
        ("user_street_address", "text", "Street address of the user."),
        ("opt_in_for_tax", "bool", "Whether the order has opted in for tax."),
        ("email_opt_out", "bool", "Whether the order has opted out of email."),
        ("times_redeemed", "", "Number of times the order was redeemed."),
        ("dtDecided", "date", "Date the order was decided."),
        ("auto_renew", "bool", "Whether the order renews automatically."),
        ("viewer_can_edit", "bool", "Whether the viewer can edit."),
        ("delete_on_exit", "bool", "Whether the order is deleted on exit."),
        ("sender_anonymous", "bool", "Whether the sender is anonymous."),
        ("days_since_paid", "int", "Number of days since the order was paid."),
        ("days_since_visit", "int", "Number of days since visit."),
        ("has_function", "bool", "Whether the order has a function."),
        ("json_data", "json", "JSON data of the order."),
        ("tare_lb", "numeric", "Tare of the order, in pounds."),
        ("floor_sq_ft", "numeric", "Floor square feet of the order."),
        ("peak_load_kw", "numeric", "Peak load of the order, in kilowatts."),
        ("dim_user_id", "int", "Identifier of the user."),
        ("soil_ph", "numeric", "Soil pH of the order."),
        ("ph", "numeric", "pH of the order."),
        ("cc_emails", "varchar", "CC emails of the order."),
        ("EXPDTE", "date", "Date of expiration."),
        ("CURCD", "char(3)", "Code of the currency."),
        ("uw_flw_up_dt", "date", "Underwriting follow up date of the order."),
        ("BEGDA", "date", "Start date of the order."),
        ("md5", "char(32)", "MD5 checksum of the order."),
        ("latitude", "double", "Latitude, in degrees."),
        # When what a row says holds.
        ("as_of_date", "date", "Date as of which the values hold."),
        ("as_of", "timestamp", "Time as of which the values hold."),
        ("as_of_ts", "timestamp", "Time as of which the values hold."),
        ("as_of", "varchar", "Date as of which the values hold."),
        ("as_of_month", "varchar", "Month as of which the values hold."),
        ("balance_as_of_date", "date", "Date as of which the balance holds."),
        ("prices_as_of", "timestamp", "Time as of which the prices hold."),
        ("valid_from", "date", "Date from which the row is valid."),
        ("valid_from", "varchar", "Date from which the row is valid."),
        ("valid_to_ts", "timestamp", "Time until which the row is valid."),
        ("effective_from_dt", "date", "Date from which the row is valid."),
        ("from_date", "date", "Start of the period."),
        ("to_date", "date", "End of the period."),
        ("to_ts", "timestamp", "End of the period."),
        ("from_month", "varchar", "First month of the period."),
        ("to_year", "int", "Last year of the period."),
        # A flag that asks.
        ("is_active_flag", "char(1)", "Whether the order is active."),
        ("is_vip_flag", "bool", "Whether the order is a VIP."),
        ("has_insurance_flag", "bool", "Whether the order has insurance."),
        ("was_refunded_ind", "varchar(1)", "Whether the order was refunded."),
        ("is_feature_flag", "bool", "Whether the order is a feature flag."),
        # What was before and what comes next.
        ("prev_status", "varchar", "Previous status of the order."),
        ("next_step", "varchar", "Next step of the order."),
        ("next_id", "int", "Identifier of the next order."),
        ("last_id", "int", "Identifier of the last order."),
        ("prev_order_id", "int", "Identifier of the previous order."),
        ("next_visit_date", "date", "Date of the next visit."),
        ("prev_visit_at", "timestamp", "Time of the previous visit."),
        ("prev_month_amount", "numeric", "Amount of the previous month."),
        ("last_year_sales", "numeric", "Sales of the last year."),
        ("previous_run", "timestamp", "Time of the previous run."),
        # Greek and Latin.
        ("diagnoses", "varchar", "Diagnoses of the order."),
        ("num_diagnosis", "int", "Number of diagnoses of the order."),
        ("criterion_count", "int", "Number of criteria of the order."),
    ],
)
def test_column_sentences(column: str, kind: str, sentence: str) -> None:
    table = table_with(("id", "int"), (column, kind))
    assert describe_column(table, table.columns[1]) == sentence


def test_primary_key_identifies_the_row() -> None:
    table = table_with(("orderkey", "int"), ("x", "int"))
    assert describe_column(table, table.columns[0]) == "Unique identifier of the order."


@pytest.mark.parametrize("name", ["x1", "f_07", "col_3"])
def test_gibberish_abstains_unless_something_else_tells(name: str) -> None:
    table = table_with(("id", "int"), (name, "varchar"))
    assert describe_column(table, table.columns[1]) is None
    profile = Profile(rows=9, null_share=0, distinct=2, codes=("A", "B"))
    told = describe_column(table, table.columns[1], profile)
    assert told == "Code that classifies the order: A or B."
    dated = table_with(("id", "int"), (name, "date"))
    assert describe_column(dated, dated.columns[1]) is not None


def test_short_code_lists_are_told_and_long_ones_are_not() -> None:
    table = table_with(("id", "int"), ("status", "varchar"))
    short = Profile(rows=9, null_share=0, distinct=3, codes=("new", "open", "paid"))
    long = Profile(
        rows=9, null_share=0, distinct=30, codes=tuple(f"c{i}" for i in range(30))
    )
    assert (
        describe_column(table, table.columns[1], short)
        == "Status of the order: new, open or paid."
    )
    assert describe_column(table, table.columns[1], long) == "Status of the order."


def test_samples_and_ranges_never_enter_a_sentence() -> None:
    table = table_with(("id", "int"), ("email", "varchar"))
    profile = Profile(
        rows=9,
        null_share=0,
        distinct=9,
        minimum="a@secret.example",
        maximum="z@secret.example",
        samples=("b@secret.example",),
    )
    assert "secret" not in (describe_column(table, table.columns[1], profile) or "")


def test_tables() -> None:
    table = table_with(
        ("id", "int"),
        ("created_at", "timestamp"),
        ("is_gift", "boolean"),
        ("customer_id", "int"),
        ("total_amt", "numeric"),
        ("status", "varchar"),
    )
    assert (
        describe_table(table)
        == "One row per order, with its customer, total amount and status."
    )


def test_times_are_told_of_a_table_where_there_is_nothing_else_and_flags_never() -> (
    None
):
    """A sentence ended in "including the shipped on and gift"."""
    table = table_with(
        ("id", "int"),
        ("order_date", "date"),
        ("shipped_on", "date"),
        ("is_gift", "boolean"),
    )
    assert describe_table(table) == "One row per order, with its dates."
    assert describe_table(table_with(("id", "int"))) == "One row per order."


@pytest.mark.parametrize(
    ("name", "opening", "text"),
    [
        ("hourly_rates", "hourly rate", "Hourly rates, with their status."),
        ("sms_log", "entry in the SMS log", "SMS log, with the status."),
        ("inventory", "inventory record", "Inventory records, with their status."),
        ("orders_daily", "order and day", "Daily orders, with the status."),
        (
            "dim_order_types",
            "order type",
            "One row per order type, with its status.",
        ),
        (
            "price_history",
            "entry in the price history",
            "History of prices, with their status.",
        ),
        (
            "rma",
            "return merchandise authorization",
            "One row per return merchandise authorization, with its status.",
        ),
        ("sla_rules", "SLA rule", "One row per SLA rule, with its status."),
        ("stg_users", "user", "One row per user, with their status."),
        ("cost_per_query", "query", "Cost per query, with the status."),
        ("account_stats", "account", "Account statistics, with the status."),
        ("jira_sprint", "Jira sprint", "One row per Jira sprint, with its status."),
        ("ad", "ad", "One row per ad, with its status."),
        (
            "patient_diagnoses",
            "patient diagnosis",
            "One row per patient diagnosis, with its status.",
        ),
        (
            "exclusion_ccs",
            "exclusion CCS",
            "One row per exclusion CCS, with its status.",
        ),
        ("issue_merged", "merged issue", "One row per merged issue, with its status."),
        ("user_details", "user", "User details, including status."),
        (
            "expense_report",
            "expense report",
            "One row per expense report, with its status.",
        ),
        ("contact_info", "contact", "Contact information, including status."),
        (
            "optional_features",
            "optional feature",
            "One row per optional feature, with its status.",
        ),
    ],
)
def test_openings_of_tables(name: str, opening: str, text: str) -> None:
    """The subject is never more than the table's own words say."""
    table = table_with(("id", "int"), ("status", "text"), name=name)
    assert table_opening(table) == f"One row per {opening}"
    assert describe_table(table) == text


@pytest.mark.parametrize(
    ("name", "noun"),
    [
        ("survey_sample_block", "block"),
        ("cost_per_query", "query"),
        ("oci_core_subnet", "core subnet"),
        ("charge_line_item", "line item"),
        ("stg_balance_daily", "balance"),
    ],
)
def test_columns_speak_of_their_row_by_its_last_words(name: str, noun: str) -> None:
    assert row_noun(table_with(("id", "int"), name=name)) == noun


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (("disabled", "employee", "name"), "their name"),
        (("name", "removes_sla", "conditions"), "their name and conditions"),
        (("revision_count", "create_user", "role"), "their role"),
        (("email", "phone", "type"), "their contact details and type"),
        (("hired_at", "first_name", "last_name"), "their name and dates"),
        (("city", "zip", "state", "status"), "their address and status"),
    ],
)
def test_a_table_is_told_by_things(columns: tuple[str, ...], told: str) -> None:
    """No states, verbs or what a program keeps for itself."""
    table = table_with(*((name, "text") for name in ("id", *columns)), name="users")
    assert describe_table(table) == f"One row per user, with {told}."


@pytest.mark.parametrize(
    ("name", "keys", "text"),
    [
        (
            "agent_session_to_pull_request",
            ("agent_session_id", "pull_request_id"),
            "Links agent sessions to pull requests.",
        ),
        ("a_to__posts", ("a_id", "post_id"), "One row per post."),
        (
            "tracking_category_has_option",
            ("tracking_category_id", "tracking_option_id"),
            "Links tracking categories to options.",
        ),
    ],
)
def test_a_table_named_after_a_relation_links(
    name: str, keys: tuple[str, ...], text: str
) -> None:
    assert describe_table(table_with(*((k, "int") for k in keys), name=name)) == text


@pytest.mark.parametrize(
    ("name", "columns", "sentence"),
    [
        ("daily_flying", ("artist",), "Artist."),
        ("warehouse_metering_history", ("start_time",), "Start time."),
        ("payment_history", ("amount",), "Amount of the payment."),
        ("recent_tags", ("color",), "Color of the tag."),
        ("vbuk", ("color",), "Color."),
        ("us_births", ("color",), "Color of the birth."),
        ("user_emails", ("site_admin",), "Whether the user is a site administrator."),
        ("calls", ("interviewer_email",), "E-mail address of the interviewer."),
        ("tickets_parsed", ("status",), "Status of the ticket."),
        ("events_all", ("color",), "Color of the event."),
        ("itinerary", ("color",), "Color of the itinerary."),
        ("tokens", ("expires",), "Time of expiration."),
        ("pay_all_levels", ("color",), "Color of the level."),
        (
            "issue_changes",
            ("from_parent", "to_parent"),
            "Previous parent of the issue.",
        ),
        ("issue_history", ("to_state_id", "from_state_id"), NEW_STATE),
        ("issue_history", ("added_labels",), "Labels added to the issue."),
        ("transfers", ("from_wallet", "to_wallet"), "From wallet of the transfer."),
        ("warehouses", ("credits_used_compute",), "Credits used for compute."),
        ("warehouses", ("credits_used_today",), "Credits used today of the warehouse."),
        ("papers", ("section_with_name",), "Section with its name."),
        ("papers", ("author_1", "author_2"), "First author of the paper."),
        ("papers", ("level_1", "level_2"), "Level 1 of the paper."),
        (
            "papers",
            ("external_lab_id",),
            "Identifier of the lab in an external system.",
        ),
        ("order_lines", ("lab_trial_id",), "Identifier of the lab trial."),
        ("comma_survey", ("education", "age"), "Education of the respondent."),
        (
            "comma_survey",
            ("how_often_is_it_read", "age", "gender"),
            'Answer to "How often is it read?"',
        ),
    ],
)
def test_columns_are_told_by_their_table(
    name: str, columns: tuple[str, ...], sentence: str
) -> None:
    """No owner is said where the table's name has none that is a thing."""
    table = table_with(*((c, "") for c in ("row_id", *columns)), name=name)
    assert describe_column(table, table.columns[1]) == sentence


def test_a_row_of_a_survey_is_a_respondent() -> None:
    columns = (("age", "text"), ("gender", "text"), ("income", "text"))
    table = table_with(*columns, name="comma_survey")
    assert describe_table(table) == "One row per respondent of the comma survey."


@pytest.mark.parametrize(
    ("name", "columns", "text"),
    [
        ("store_orders", ("status",), "Store orders, with their status."),
        ("store_orders", ("order_id",), "One row per store order."),
        ("posts", ("user_id",), "Posts."),
        ("post_relates_to", ("status",), "Post relates to records, with their status."),
        ("posts", ("name", "city"), "One row per post, with its name and city."),
        ("us_births", ("year", "status"), "US births, with their status."),
        ("candidate_tags", ("tag_id", "tags"), "One row per candidate tag."),
        ("user_emails", ("site_admin", "status"), "User emails, with their status."),
        (
            "raw_reads",
            ("file_name", "file_size"),
            "Files of reads, with their name and size.",
        ),
        ("flying", ("artist",), "Flying records."),
    ],
)
def test_no_grain_and_no_key_alone_are_told(
    name: str, columns: tuple[str, ...], text: str
) -> None:
    table = replace(table_with(*((c, "") for c in columns), name=name), primary_key=())
    assert describe_table(table) == text


def test_a_table_with_validity_has_versions() -> None:
    table = table_with(("id", "int"), ("valid_from", "date"), name="dim_customer")
    assert table_opening(table) == "One row per version of a customer"


def test_a_table_whose_name_tells_nothing_is_told_by_its_columns() -> None:
    table = table_with(
        ("XQKEY", "int"), ("XQCUST", "int"), ("XQQOH", "int"), name="XQZP"
    )
    assert describe_table(table) is None
    told = table_with(
        *((f"XQ{name}", "int") for name in ("KEY", "CUST", "QOH", "CRLM")), name="XQZP"
    )
    assert describe_table(told) == "Records with the customer and credit limit."
    assert describe_column(told, told.columns[2]) == "Quantity on hand."


def test_a_table_of_two_keys_links() -> None:
    table_id = TableId("hr", "emp_skill")
    table = Table(
        id=table_id,
        kind=TableKind.TABLE,
        columns=tuple(
            Column(ColumnId(table_id, name), position, "int")
            for position, name in enumerate(("emp_id", "skill_id"), 1)
        ),
        primary_key=("emp_id", "skill_id"),
        foreign_keys=(
            ForeignKey(("emp_id",), TableId("hr", "employees"), ("id",)),
            ForeignKey(("skill_id",), TableId("hr", "skills"), ("id",)),
        ),
    )
    assert describe_table(table) == "Links employees to skills."


@given(
    name=st.text(min_size=1, max_size=40),
    column=st.text(min_size=1, max_size=40),
    kind=st.sampled_from(["", "int", "date", "boolean", "varchar(20)", "timestamp"]),
)
def test_any_name_gives_a_sentence_or_none(name: str, column: str, kind: str) -> None:
    table = table_with(("id", "int"), (column, kind), name=name)
    text = describe_column(table, table.columns[1])
    assert text is None or (text.endswith(".") and "  " not in text)
    about = describe_table(table)
    assert about is None or about.endswith(".")


def test_what_a_declared_key_refers_to_is_said_once() -> None:
    table = table_with(("id", "int"), ("cust_id", "int"), ("status", "text"))
    key, other = table.columns[1].id, table.columns[2].id
    assert reference_clause("Who bought.", table, key) == "Refers to customers."
    assert reference_clause("Identifier of the customer.", table, key) is None
    assert reference_clause("Who bought.", table, other) is None
    assert reference_clause("Who bought.", table, table.id) is None


@pytest.mark.parametrize(
    ("name", "columns", "row"),
    [
        (
            "project_region",
            ("project_id", "region_id"),
            "pairing of a project and a region",
        ),
        ("job_history", ("status",), "entry in the job history"),
        ("stg_hubspot__campaign_report", ("date_day", "clicks"), "campaign and day"),
        ("sat_lease", ("lease_hk", "hash_diff"), "version of a lease"),
        ("airline_safety", ("airline", "incidents"), "airline"),
        ("XQZP", ("status",), "record"),
    ],
)
def test_the_grain_comes_from_names_and_keys(
    name: str, columns: tuple[str, ...], row: str
) -> None:
    table_id = TableId("x", name)
    found = [Column(ColumnId(table_id, c), i, "text") for i, c in enumerate(columns, 1)]
    table = Table(id=table_id, kind=TableKind.TABLE, columns=tuple(found))
    assert table_opening(table) == f"One row per {row}"


def test_a_key_to_a_table_that_cannot_be_read_names_it() -> None:
    table_id = TableId("x", "orders")
    table = Table(
        id=table_id,
        kind=TableKind.TABLE,
        columns=(Column(ColumnId(table_id, "VNDNO"), 1, "int"),),
        foreign_keys=(ForeignKey(("VNDNO",), TableId("x", "VNDMST"), ("ID",)),),
    )
    told = "Identifier of the row in VNDMST that the order refers to."
    assert describe_column(table, table.columns[0]) == told


def composite(*key: str, foreign: tuple[str, ...] = ()) -> Table:
    there = table_with(
        ("order_id", "int"), ("line_no", "int"), ("year", "int"), name="order_lines"
    )
    keys = (ForeignKey(foreign, TableId("sales", "ledger"), foreign),)
    return replace(there, primary_key=key, foreign_keys=keys if foreign else ())


def test_a_part_of_the_key_is_not_called_unique() -> None:
    """Each column of a key was said to identify the row by itself."""
    for name in ("order_line_id", "id", "uuid", "order_line_key", "unique_order_id"):
        there = table_with((name, "int"), ("pos", "int"), name="order_lines")
        there = replace(there, primary_key=(name, "pos"), foreign_keys=())
        for text in readings(there, there.columns[0]):
            assert "nique identifier" not in text, name
            assert text[:1].isupper(), name
        alone = replace(there, primary_key=(name,))
        assert "nique" in (describe_column(alone, alone.columns[0]) or ""), name


def test_a_column_of_a_key_of_several_refers_with_the_others() -> None:
    there = composite("order_id", foreign=("line_no", "year"))
    line, year = there.columns[1:]
    assert describe_column(there, year) == "Year to which the row refers."
    assert "ledger" not in (describe_column(there, line) or "")
    clause = reference_clause("Fiscal year.", there, year.id)
    assert clause == "With line_no it refers to ledger."
    alone = composite("order_id", foreign=("year",))
    assert reference_clause("Fiscal year.", alone, year.id) == "Refers to ledger."


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("jde_order_no", "JDE order number of the order."),
        ("sku_code", "SKU code of the order."),
        ("skus", "SKUs of the order."),
        ("erp_status", "ERP status of the order."),
        ("is_ios_device", "Whether the order is an iOS device."),
        ("ios_version", "iOS version of the order."),
        ("kpi_value", "KPI value of the order."),
        ("ab_test_name", "Name of the AB test."),
        ("hrs_worked", "Number of hours worked."),
    ],
)
def test_acronyms_keep_their_capitals(name: str, said: str) -> None:
    there = table_with(("id", "int"), (name, "varchar"))
    assert describe_column(there, there.columns[1]) == said


def test_a_table_named_by_an_acronym_keeps_its_capitals() -> None:
    """A sentence on a table raised the first letter whatever it was: IOS event."""
    named = {"skus": "SKU", "jde_orders": "JDE order", "ios_events": "iOS event"}
    for name, said in named.items():
        there = table_with(("id", "int"), ("amount", "int"), name=name)
        assert row_noun(there) == said
        assert describe_table(replace(there, foreign_keys=())) is not None
    config = table_with(("value", "varchar"), name="ios_settings")
    assert describe_table(replace(config, primary_key=())) == "iOS settings."
