"""Which tables a user of MySQL or MariaDB may alter, as far as that can be told."""

from __future__ import annotations

import re
from collections.abc import Callable

from connectors.database_session import DatabaseSession, Fault

_GRANTS = """
SELECT 'all', '' FROM information_schema.user_privileges
WHERE grantee IN (:user, 'PUBLIC') AND privilege_type = 'ALTER'
UNION ALL
SELECT 'schema', table_schema FROM information_schema.schema_privileges
WHERE grantee IN (:user, 'PUBLIC') AND privilege_type = 'ALTER'
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
    if any(_fits(what, schema) for scope, what in found if scope == "schema"):
        return lambda table: True
    return lambda table: ("table", table) in found


def _fits(pattern: str, schema: str) -> bool:
    """Whether a grant on a schema, where % and _ stand for anything, is on this one."""
    wild = {"%": ".*", "_": "."}
    made = ""
    for part in re.finditer(r"\\?[\s\S]", pattern):
        text: str = part[0]
        made += wild.get(text) or re.escape(text.removeprefix("\\") or text)
    return re.fullmatch(made, schema, re.DOTALL) is not None
