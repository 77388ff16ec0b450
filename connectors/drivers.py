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
"""Dialect to the package that matters most in the extra of its name."""

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
    extra = DIALECTS.get(first, first)
    if package := EXTRAS.get(extra):
        return f"Install it: pip install 'columnist[{extra}]', which brings {package}."
    if package := _PACKAGES.get(first):
        return f"Install it beside Columnist: pip install '{package}'."
    return ""
