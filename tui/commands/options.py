"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import UsageError
from catalog.objects import TableKind
from model.signature import Signers
from tui.flow.connection_file import KINDS
from tui.flow.settings import Settings

Url = Annotated[
    str,
    typer.Argument(
        metavar="URL", help="SQLAlchemy URL, or the name of a saved connection."
    ),
]
MaybeUrl = Annotated[
    str | None,
    typer.Argument(
        metavar="[URL]",
        help="SQLAlchemy URL, or the name of a saved connection; all databases of"
        " the workspace without it.",
    ),
]
Schemas = Annotated[
    list[str] | None,
    typer.Option("--schema", help="Only this schema; may be repeated."),
]
Tables = Annotated[
    list[str] | None,
    typer.Option(
        "--table",
        help="Only tables that fit this pattern (on table or schema.table); may be"
        " repeated.",
    ),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help="Only table, view, materialized-view, foreign-table or"
        " partitioned-table; may be repeated.",
    ),
]
RegistryUri = Annotated[
    str | None,
    typer.Option(
        "--registry",
        metavar="URI",
        envvar="COLUMNIST_REGISTRY",
        help="MLflow server, http://HOST:PORT.",
    ),
]
AllowedSigners = Annotated[
    Path | None,
    typer.Option("--signers", help="Demand a signature of one in this file."),
]
Identity = Annotated[
    str | None, typer.Option("--identity", help="Who that is, by name in the file.")
]
SigningKey = Annotated[
    Path | None,
    typer.Option("--sign", help="SSH private key to sign the digests with."),
]
STDOUT = Path("-")
"""The name of a file that is stdout."""
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout.")
]


def _price(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < MOST_EXPENSIVE:  # which no NaN is
        raise typer.BadParameter(f"{text} is no price, such as 1.20")
    return found


MOST_EXPENSIVE = 1e9
HourlyPrice = Annotated[
    float | None,
    typer.Option(
        parser=_price,
        metavar="PRICE",
        envvar="COLUMNIST_HOURLY_PRICE",
        help="What the machine costs an hour, in any currency, for the cost of 1,000"
        " columns.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def settings(context: typer.Context) -> Settings:
    """The global options."""
    found = context.obj
    assert isinstance(found, Settings)
    return found


def demanded(signers: Path | None, identity: str | None) -> Signers | None:
    """Whose signature is.

    Raises:
        UsageError: only one of the two was given.
    """
    if (signers is None) != (identity is None):
        raise UsageError(
            "--signers and --identity go together.",
            "The one is an allowed signers file, the other a name in it.",
        )
    return Signers(signers, identity) if signers and identity else None


def table_kinds(names: list[str] | None) -> list[TableKind]:
    """What `--kind` names.

    Raises:
        UsageError: there is no such kind.
    """
    found: list[TableKind] = []
    for name in names or []:
        kind = KINDS.get(name.replace(" ", "-"))
        if kind is None:
            raise UsageError(
                f"{name} is no kind of table.", f"There are {', '.join(KINDS)}."
            )
        found.append(kind)
    return found


def logged_to(context: typer.Context, registry: str | None) -> str | None:
    """The registry that a training is logged to; offline none that is only usual."""
    source = context.get_parameter_source("registry")
    usual = source is not None and source.name == "ENVIRONMENT"
    return None if usual and settings(context).offline else registry
