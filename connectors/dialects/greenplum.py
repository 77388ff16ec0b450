"""Greenplum 7, which is PostgreSQL 12 inside: read and written the same way.

An external table is a foreign table there. Greenplum 6 has another catalog of
partitions and external tables, and is not read.
"""

from __future__ import annotations

import re
from typing import ClassVar

from catalog.errors import UsageError
from connectors.database_session import DatabaseSession
from connectors.dialects.dialect import ConnectFault, Dialect
from connectors.dialects.postgresql import CONNECT_FAULTS, PostgreSQL


class Greenplum(PostgreSQL):
    """Comments on every kind of relation and its columns, as in PostgreSQL."""

    name = "greenplum"
    label = "Greenplum"
    family = "postgresql"
    proved = False
    # https://techdocs.broadcom.com/us/en/vmware-tanzu/data-solutions/tanzu-greenplum/7/greenplum-database/ref_guide-sql_commands-COMMENT.html
    lock = "SHARE UPDATE EXCLUSIVE on the table, on the coordinator"
    cannot: ClassVar = ("read Greenplum 6 and older",)
    connect_faults: ClassVar[tuple[ConnectFault, ...]] = CONNECT_FAULTS
    sampled = Dialect.sampled  # not every kind of its storage can be sampled

    def resolve(self, session: DatabaseSession) -> Dialect:
        """This dialect, where the server is new enough.

        Raises:
            UsageError: It is Greenplum 6 or older.
        """
        version = str(session.value("SELECT version()"))
        found = re.search(r"Greenplum Database (\d+)", version)
        if found is not None and int(found[1]) < 7:
            raise UsageError(
                f"This is Greenplum {found[1]}; Columnist reads Greenplum 7.",
                "Its catalog of partitions and external tables is another one.",
            )
        return self
