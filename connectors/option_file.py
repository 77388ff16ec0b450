"""MySQL's own files: what `[client]` in `my.cnf` says of password, user, host and TLS.

PyMySQL can read such a file itself (`read_default_file`), but then a `socket` in it
wins over the host of the URL, and comments would go to another database than the one
that was named. So it is read here, with PyMySQL's parser, and only fills in what the
URL leaves open.
"""

from __future__ import annotations

import configparser
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, cast

from catalog.errors import ColumnistError
from connectors.secrets import PASSWORD_OPTIONS

if TYPE_CHECKING:
    from sqlalchemy import URL

_TLS = ("ssl-ca", "ssl-capath", "ssl-cert", "ssl-key", "ssl-cipher")
"""Options of the file; those of a URL have underscores."""


def with_option_files(url: URL) -> URL:
    """A URL with what the option files add; as it is where it names a password.

    Raises:
        ColumnistError: A file cannot be read.
    """
    if url.password is not None or PASSWORD_OPTIONS & set(url.query):
        return url
    found = _client_options()
    if not found:
        return url
    query = dict(url.query)
    for name in _TLS:
        if name in found:
            query.setdefault(name.replace("-", "_"), found[name])
    host, port = url.host, url.port
    if host is None and "unix_socket" not in query:
        host = found.get("host")
        if host is not None:
            port = port or _port(found)
        elif "socket" in found:
            query["unix_socket"] = found["socket"]
    return url.set(
        username=url.username or found.get("user"),
        password=found.get("password"),
        host=host,
        port=port,
        query=query,
    )


def _client_options() -> dict[str, str]:
    """What `[client]` says in the files of this user, with dashes in the names.

    Later files win: https://dev.mysql.com/doc/refman/8.4/en/option-files.html

    Raises:
        ColumnistError: A file is there and cannot be read.
    """
    from pymysql.optionfile import Parser

    home = os.environ.get("MYSQL_HOME")
    paths = [Path(home) / "my.cnf"] if home else []
    paths.append(Path("~/.my.cnf").expanduser())
    found: dict[str, str] = {}
    for path in paths:
        try:
            if path.stat().st_mode & stat.S_IWOTH:
                continue  # as MySQL's own clients: anyone could have written it
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise ColumnistError(
                f"Cannot read {path}: {type(error).__name__}.", "Correct its rights."
            ) from error
        parser = Parser(strict=False)
        # Lines such as !includedir are not followed, and the parser knows none.
        lines = ["" if line.startswith("!") else line for line in text.split("\n")]
        try:
            parser.read_string("\n".join(lines))
        except configparser.Error:
            # The error repeats the line, and that may be the password's.
            raise ColumnistError(
                f"Cannot read {path}: it is no option file of MySQL.",
                "Each line is [client], or name=value below it.",
            ) from None
        if parser.has_section("client"):
            # The parser's own get breaks on an option that has no value.
            values = configparser.RawConfigParser.items(parser, "client")
            found |= {
                name: str(parser.get("client", name))
                for name, value in cast("list[tuple[str, str | None]]", values)
                if value is not None
            }
    return found


def _port(found: dict[str, str]) -> int | None:
    port = found.get("port", "")
    return int(port) if port.isdigit() else None
