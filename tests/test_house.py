"""How files may know one another; the rest of it is in import-linter's contracts."""

from __future__ import annotations

import grimp


def test_no_file_imports_itself_by_a_detour() -> None:
    """Nor for types alone: whoever reads one file of a circle has to read them all."""
    house = grimp.build_graph("catalog", "connectors", "model", "tui", cache_dir=None)
    circles = {
        (importer, imported)
        for importer in house.modules
        for imported in house.find_modules_directly_imported_by(importer)
        if house.find_shortest_chain(imported, importer)
    }
    assert circles == set()
