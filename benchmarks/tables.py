"""The tables that benchmarks draft: fixed, with names as real warehouses have them."""

from __future__ import annotations

from catalog.objects import (
    Column,
    ColumnId,
    ForeignKey,
    Profile,
    Table,
    TableId,
    TableKind,
)

COLUMNS = 12
"""Columns of each table."""

_TABLES = {
    "sales.orders": (
        "order_id:bigint customer_id:bigint order_date:date status_code:varchar(2)"
        " currency_code:char(3) net_amount:numeric(12,2) tax_amount:numeric(12,2)"
        " shipping_fee:numeric(8,2) sales_channel:varchar(20) promised_date:date"
        " created_at:timestamp is_gift:boolean"
    ),
    "sales.customers": (
        "customer_id:bigint full_name:varchar(120) email:varchar(254) phone_no:text"
        " segment_cd:varchar(4) country_code:char(2) postal_code:varchar(12)"
        " credit_limit:numeric(12,2) birth_date:date loyalty_points:integer"
        " registered_at:timestamp is_active:boolean"
    ),
    "logistics.shipments": (
        "shipment_id:bigint order_id:bigint carrier_code:varchar(8)"
        " tracking_no:varchar(40) ship_from_whse:integer ship_to_addr_id:bigint"
        " gross_weight_kg:numeric(9,3) package_cnt:smallint shipped_at:timestamp"
        " delivered_at:timestamp delay_reason:text is_insured:boolean"
    ),
    "finance.invoices": (
        "invoice_id:bigint customer_id:bigint invoice_no:varchar(20) issue_date:date"
        " due_date:date gross_amount:numeric(14,2) vat_rate:numeric(5,4)"
        " payment_terms:varchar(10) cost_center:varchar(10) gl_account:varchar(10)"
        " posted_at:timestamp is_cancelled:boolean"
    ),
    "hr.employees": (
        "employee_id:integer manager_id:integer dept_code:varchar(6)"
        " job_title:varchar(80) hire_date:date termination_date:date"
        " base_salary:numeric(10,2) pay_grade:varchar(4) work_email:varchar(254)"
        " fte_pct:numeric(5,2) office_location:varchar(60) is_remote:boolean"
    ),
    "web.page_views": (
        "view_id:bigint session_id:uuid visitor_id:bigint page_url:text"
        " referrer_url:text utm_campaign:varchar(100) device_type:varchar(20)"
        " browser_lang:varchar(10) load_time_ms:integer scroll_depth_pct:smallint"
        " viewed_at:timestamp is_bot:boolean"
    ),
    "claims.claims": (
        "claim_id:bigint policy_id:bigint loss_date:date reported_date:date"
        " cause_code:varchar(6) reserve_amt:numeric(14,2) paid_amt:numeric(14,2)"
        " deductible:numeric(10,2) adjuster_id:integer status_code:varchar(2)"
        " closed_at:timestamp is_litigated:boolean"
    ),
    "plant.work_orders": (
        "work_order_id:bigint machine_id:integer product_code:varchar(18)"
        " planned_qty:integer produced_qty:integer scrap_qty:integer"
        " planned_start:timestamp actual_start:timestamp actual_end:timestamp"
        " shift_code:char(1) operator_id:integer is_rework:boolean"
    ),
}
_KEYS = {
    "customer_id": ("sales", "customers"),
    "order_id": ("sales", "orders"),
}
_CODES = {
    "status_code": ("OP", "PD", "SH", "CL"),
    "segment_cd": ("A", "B", "C"),
    "shift_code": ("E", "L", "N"),
}


def tables(count: int) -> list[Table]:
    """So many tables; past the eighth, the same ones in schemas with a number."""
    found = []
    for number in range(count):
        name = list(_TABLES)[number % len(_TABLES)]
        found.append(_table(name, _TABLES[name], number // len(_TABLES)))
    return found


def profiles(table: Table) -> dict[str, Profile]:
    """What a sample would tell of a table: the codes of its columns of codes."""
    return {
        column.name: Profile(1000, 0.0, len(codes), codes=codes)
        for column in table.columns
        if (codes := _CODES.get(column.name))
    }


def words() -> list[str]:
    """Every part of a column's name that comes after an underscore."""
    names = [part.split(":")[0] for text in _TABLES.values() for part in text.split()]
    return sorted({word for name in names for word in name.split("_")[1:]})


def _table(name: str, columns: str, number: int) -> Table:
    schema, _, bare = name.partition(".")
    table_id = TableId(f"{schema}_{number}" if number else schema, bare)
    parts = [part.split(":") for part in columns.split()]
    found = tuple(
        Column(ColumnId(table_id, column), position, type_text)
        for position, (column, type_text) in enumerate(parts, 1)
    )
    key = found[0].name
    return Table(
        table_id,
        TableKind.TABLE,
        found,
        primary_key=(key,),
        foreign_keys=tuple(
            ForeignKey((column.name,), TableId(*_KEYS[column.name]), (column.name,))
            for column in found
            if column.name in _KEYS and column.name != key
        ),
    )
