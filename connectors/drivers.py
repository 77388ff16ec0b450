"""Which package brings the driver for a URL's first word."""

from __future__ import annotations

ALIASES = {"postgres": "postgresql"}
"""First words in use that SQLAlchemy does not take."""

DIALECTS = {
    "clickhousedb": "clickhouse",
    "sparksql": "spark",
    "teradatasql": "teradata",
}
"""First words of drivers whose dialect has another name here."""

EXTRAS = {
    "bigquery": "bigquery",
    "clickhouse": "clickhouse",
    "clickhousedb": "clickhouse",
    "cockroachdb": "cockroachdb",
    "databricks": "databricks",
    "hive": "hive",
    "mssql": "mssql",
    "oracle": "oracle",
    "redshift": "redshift",
    "snowflake": "snowflake",
    "spark": "spark",
    "teradata": "teradata",
    "teradatasql": "teradata",
    "trino": "trino",
}
"""First word to the extra of Columnist that brings its driver."""

_BRINGS = {
    "bigquery": "sqlalchemy-bigquery",
    "clickhouse": "clickhouse-connect",
    "cockroachdb": "sqlalchemy-cockroachdb",
    "databricks": "databricks-sqlalchemy",
    "hive": "PyHive",
    "mssql": "pyodbc",
    "oracle": "oracledb",
    "redshift": "sqlalchemy-redshift",
    "snowflake": "snowflake-sqlalchemy",
    "spark": "PyHive",
    "teradata": "teradatasqlalchemy",
    "trino": "trino",
}
"""Extra to the package in it that matters most."""

_PACKAGES = {
    "athena": "PyAthena[SQLAlchemy]",
    "awsathena": "PyAthena[SQLAlchemy]",
    "db2": "ibm-db-sa",
    "dremio": "sqlalchemy-dremio",
    "firebird": "sqlalchemy-firebird",
    "hana": "sqlalchemy-hana",
    "vertica": "sqlalchemy-vertica-python",
}
"""First word to the package, for databases that are read only through SQLAlchemy."""


def install_hint(first: str) -> str:
    """How to get the driver for a URL's first word; empty where that is not known."""
    if extra := EXTRAS.get(first):
        return (
            f"Install it: pip install 'columnist[{extra}]', which brings"
            f" {_BRINGS[extra]}."
        )
    if package := _PACKAGES.get(first):
        return f"Install it beside Columnist: pip install '{package}'."
    return ""
