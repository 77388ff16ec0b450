"""`connections.toml`: what may stand in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import msgspec

from catalog.bounds import Bounds
from catalog.errors import UsageError
from catalog.objects import TableKind
from connectors.limits import Limits
from tui.flow.toml_file import Text, TomlFile

KINDS = {kind.value.replace(" ", "-"): kind for kind in TableKind}
"""Kinds of tables by their names in the file and on the command line."""
_Texts = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1)], ...],
    msgspec.Meta(description='a list, as in ["a", "b"]'),
]
_Variable = Annotated[
    str,
    msgspec.Meta(pattern=r"^\w+\Z", description="the name of an environment variable"),
]


class SavedConnection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of `connections.toml`."""

    name: str
    """What commands take in place of a URL."""
    url: Text
    """SQLAlchemy URL without a password."""
    schemas: _Texts = ()
    """Exact names of the schemas there are; all where empty."""
    exclude: _Texts = ()
    """Case-sensitive patterns on `schema` or `schema.table` that are left out."""
    kinds: Annotated[
        tuple[TableKind, ...],
        msgspec.Meta(description='a list, as in ["table", "view"]'),
    ] = ()
    """What the tables are; all kinds where empty."""
    glossary: Annotated[Path, msgspec.Meta(description="a text")] | None = None
    """A file of terms; the path is absolute."""
    style: Annotated[Path, msgspec.Meta(description="a text")] | None = None
    """A file of rules for descriptions; the path is absolute."""
    model: Text | None = None
    """What `--model` takes, where it is not given."""
    password_env: _Variable | None = None
    """Name of the environment variable that holds the password."""
    limits: Annotated[Limits, msgspec.Meta(description="a table")] = Limits()
    """How much of the database Columnist takes for itself."""

    @property
    def bounds(self) -> Bounds:
        """The limit of everything that is done by this connection."""
        return Bounds(self.schemas, self.exclude, self.kinds)

    def as_json(self) -> dict[str, Any]:
        """All fields, without secrets."""
        from connectors.connect import safe_url

        found: dict[str, Any] = msgspec.json.decode(
            msgspec.json.encode(self, enc_hook=str)
        )
        return found | {
            "url": safe_url(self.url),
            "kinds": [named for named, kind in KINDS.items() if kind in self.kinds],
        }


def read_connections(path: Path, text: str | None = None) -> list[SavedConnection]:
    """The connections of a file in its order; none where there is no file.

    Args:
        path: the file.
        text: what shall stand in it; None is what does.

    Raises:
        UsageError: Something in it is wrong; the message begins with file and line.
    """
    file = TomlFile(path, text)
    found: list[SavedConnection] = []
    for name, entry in file.document.items():
        if not isinstance(entry, dict):
            raise file.wrong((name,), f"{name} must stand below a [name].")
        if "url" not in entry:
            raise file.wrong((name,), f"{name} has no url.")
        found.append(_connection(file, name, entry, path.parent))
    return found


def _connection(
    file: TomlFile, name: str, entry: dict[str, Any], folder: Path
) -> SavedConnection:
    def path_of(_: Any, value: object) -> Path:
        if not isinstance(value, str) or not value.strip():
            raise ValueError
        return (folder / Path(value).expanduser()).absolute()

    if isinstance(kinds := entry.get("kinds"), list):
        for each in kinds:
            if isinstance(each, str) and each not in KINDS:
                raise file.wrong(
                    (name, "kinds"),
                    f"{each} is no kind of table.",
                    f"There are {', '.join(KINDS)}.",
                )
        entry = {**entry, "kinds": [KINDS.get(str(each), each) for each in kinds]}
    found = file.convert(
        SavedConnection, entry, (name,), ours={"name": name}, hook=path_of
    )
    if why := _unsavable(found.url):
        raise file.wrong((name, "url"), *why)
    if found.model and re.match(r"https?://[^/]*@", found.model):
        raise file.wrong(
            (name, "model"),
            "model holds a user or a key, which this file may not.",
            "Put the key into COLUMNIST_API_KEY.",
        )
    return found


def _unsavable(url: str) -> tuple[str, str] | None:
    """Why a URL may not stand in a file, and what to do."""
    from connectors.connect import savable_url

    try:
        _, password = savable_url(url)
    except UsageError as error:
        return f"url: {error.message}", error.hint
    if password is None:
        return None
    return (
        "url holds a password, which this file may not.",
        "Take it out, and set password_env, or add the connection anew with"
        " `columnist connections add`, which puts it into the keyring.",
    )
