"""Which tables a user of MySQL or MariaDB may alter, as far as that can be told."""

from __future__ import annotations

from collections.abc import Callable

from connectors.database_session import DatabaseSession, Fault

# A grant on a schema names a pattern, where % and _ stand for anything.
_GRANTS = """
SELECT 'all', '' FROM information_schema.user_privileges
WHERE grantee IN (:user, 'PUBLIC') AND privilege_type = 'ALTER'
UNION ALL
SELECT 'all', '' FROM information_schema.schema_privileges
WHERE grantee IN (:user, 'PUBLIC') AND privilege_type = 'ALTER'
  AND :schema LIKE CONVERT(table_schema USING utf8mb4) COLLATE utf8mb4_bin
UNION ALL
SELECT 'table', table_name FROM information_schema.table_privileges
WHERE grantee IN (:user, 'PUBLIC') AND privilege_type = 'ALTER'
  AND table_schema = :schema
UNION ALL
SELECT 'known', '' FROM information_schema.user_privileges WHERE grantee = :user
"""


def may_alter(session: DatabaseSession, schema: str) -> Callable[[str], bool]:
    """Whether the user may alter a table of a schema; true where that is not known.

    A role's rights are not listed with the user's, so with a role nothing is known.
    """
    try:
        user, role = session.rows("SELECT CURRENT_USER(), CURRENT_ROLE()")[0]
        if role not in (None, "", "NONE"):
            return lambda table: True
        name, _, host = str(user).rpartition("@")
        rows = session.rows(_GRANTS, user=f"'{name}'@'{host}'", schema=schema)
    except Fault:  # an old server has no roles, and no such question
        return lambda table: True
    found = {(str(scope), str(what)) for scope, what in rows}
    if ("known", "") not in found or ("all", "") in found:
        return lambda table: True
    return lambda table: ("table", table) in found
