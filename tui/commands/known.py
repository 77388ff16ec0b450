"""`columnist models known`: the systems whose tables need no guessing."""

from __future__ import annotations

from dataclasses import asdict

from model.known_systems import KnownSystems
from tui.commands import console
from tui.commands.options import Json
from tui.flow.text import count, plain


def list_known(json: Json = False) -> None:
    """List the systems whose tables are known, so that no model is asked for them."""
    systems = KnownSystems.shipped().systems()
    if json:
        console.out_json([asdict(system) for system in systems])
        return
    for system in systems:
        console.out(
            f"{plain(system.name):<28} {count(system.tables, 'table'):>10}"
            f" {count(system.columns, 'column'):>14}  {', '.join(system.sources)}"
            f" ({', '.join(system.licences)})"
        )
    tables = count(sum(system.tables for system in systems), "table")
    console.out(f"{count(len(systems), 'system')}, {tables}.")
