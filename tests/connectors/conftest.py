"""Fixtures of the connectors' tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.targets import (
    Proved,
    duckdb_target,
    mariadb_target,
    postgresql_target,
)

PROVED = [
    "duckdb",
    pytest.param("postgresql", marks=pytest.mark.live),
    pytest.param("mariadb", marks=pytest.mark.live),
]


@pytest.fixture(params=PROVED)
def proved(request: pytest.FixtureRequest, tmp_path: Path) -> Proved:
    """Each database in turn that writing is proved for, with an empty schema."""
    if request.param == "duckdb":
        return duckdb_target(tmp_path)
    url = request.getfixturevalue(f"{request.param}_url")
    make = postgresql_target if request.param == "postgresql" else mariadb_target
    return make(url)


@pytest.fixture
def postgresql(postgresql_url: str) -> Proved:
    """An empty PostgreSQL database."""
    return postgresql_target(postgresql_url)


@pytest.fixture
def mariadb(mariadb_url: str) -> Proved:
    """An empty MariaDB database."""
    return mariadb_target(mariadb_url)
