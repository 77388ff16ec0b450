"""Other sentences for a column, by rules: what is offered to a model to weigh."""

from __future__ import annotations

import pytest

from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from model.readings import MOST, readings


def read(table: str, column: str, kind: str = "") -> tuple[str, ...]:
    """The readings of a column that stands alone in its table."""
    place = TableId("sales", table)
    found = Column(ColumnId(place, column), 1, kind)
    return readings(Table(place, TableKind.TABLE, (found,)), found)


@pytest.mark.parametrize(
    ("table", "column", "kind", "text"),
    [
        ("senate_polls", "pollster", "varchar", "Name of the pollster."),
        ("calendar_days", "fiscal_week_number", "int", "Number of the fiscal week."),
        ("problem_responses", "dump_id", "varchar", "Identifier of the dump."),
        ("song_lyrics", "fights", "int", "Number of fights in the song lyric."),
        ("song_lyrics", "explicit", "boolean", "Whether the song lyric is explicit."),
        ("email_sends", "total_opens", "", "Total number of opens."),
        ("cards", "last4", "varchar", "Last four digits of the card."),
        ("ads", "purchases_30_d", "", "Number of purchases within 30 days."),
        ("shops", "refund_count_this_month", "", "Number of refunds this month."),
        ("pages", "poll_unique_voters_count", "", "Number of unique poll voters."),
        ("emissions", "run_hour", "int", "Hour of the run."),
        ("pings", "p25_latency", "float", "25th percentile of latency."),
        ("modules", "problem_max_grade", "", "Maximum problem grade."),
        ("citations", "relates_to", "json", "What the citation relates to."),
        ("models", "depends_on_macros", "", "Macros the model depends on."),
        ("credits", "applied_to_invoice_id", "", "Identifier of the invoice the"),
        ("costs", "value_in_local_currency", "", "Value of the cost, in local"),
        ("collections", "body_html", "varchar", "Body of the collection, in HTML."),
        ("repositories", "name_with_owner", "", "Name of the repository with its"),
        ("labels", "can_edit", "boolean", "Whether the user can edit the label."),
        ("topics", "viewer_has_starred", "boolean", "Whether the viewer has starred"),
        ("campaigns", "notified_on_end", "", "Whether the campaign is notified on"),
        ("items", "trade_in_eligible", "", "Whether the item is eligible for"),
        ("pages", "headcount_data", "json", "Details of the headcount."),
        ("payments", "pqi_type", "int", "PQI type of the payment."),
        ("shops", "billing_address_address_2", "", "Second line of the billing"),
        ("payments", "amount_capturable", "", "Capturable amount of the payment."),
        ("balances", "past_due", "", "Whether the balance is past due."),
        ("surveys", "last_activated", "", "Time the survey was last activated."),
        ("themes", "previewable", "boolean", "Whether the theme is previewable."),
        ("calls", "total_operations_count", "", "Total number of operations."),
        ("reports", "access_key_exist", "boolean", "Whether the access key exists."),
        ("safes", "n_owners_for_safe", "", "Number of owners for safe"),
        ("initiative_labels", "retired_by_id", "int", "Identifier of the user who"),
    ],
)
def test_a_name_has_more_than_one_reading(
    table: str, column: str, kind: str, text: str
) -> None:
    found = read(table, column, kind)
    assert any(each.startswith(text) for each in found), found
    assert len(set(found)) == len(found) <= MOST


@pytest.mark.parametrize(
    ("table", "column", "kind", "text"),
    [
        ("usages", "credits_used", "", "Used of"),
        ("seeds", "usage_date", "", "Whether"),
        ("lists", "is_dynamic", "", "Dynamic of"),
        ("servers", "next_marker", "varchar", "Marker of the next"),
        ("builds", "build_number", "varchar", "Name of"),
        ("plans", "order_interval_unit", "", "Number of"),
    ],
)
def test_what_is_never_good_is_not_offered(
    table: str, column: str, kind: str, text: str
) -> None:
    assert not [each for each in read(table, column, kind) if each.startswith(text)]


def test_a_figure_is_of_the_side_that_others_share() -> None:
    place = TableId("league", "games")
    names = ("team_1", "score_1", "team_2", "score_2", "home_points", "away_points")
    columns = tuple(
        Column(ColumnId(place, name), number, "int")
        for number, name in enumerate(names, 1)
    )
    table = Table(place, TableKind.TABLE, columns)
    assert "Score of team 2." in readings(table, columns[3])
    assert "Points of the home team." in readings(table, columns[4])


def test_a_name_that_says_nothing_has_none() -> None:
    assert read("orders", "col_3", "varchar") == ()
