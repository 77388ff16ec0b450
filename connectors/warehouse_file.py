"""Rows as a file that any warehouse loads: Parquet, or CSV where its name says so."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from catalog.errors import ColumnistError, UsageError
from catalog.files import HINT, whole_file, writing

FORMATS = {
    ".parquet": "FORMAT parquet, COMPRESSION zstd",
    ".csv": "FORMAT csv, HEADER",
}
"""How DuckDB writes each."""


def demand_format(path: Path) -> str:
    """How a file is written, by its name.

    Raises:
        UsageError: its name says neither.
    """
    if (found := FORMATS.get(path.suffix.lower())) is None:
        raise UsageError(
            f"What {path.name or path} is to hold is not known by its name.",
            "Call it .parquet, or .csv.",
        )
    return found


def write_rows(
    rows: Iterable[Mapping[str, object]], fields: Mapping[str, str], path: Path
) -> int:
    """Write rows to a file that is there whole or not at all; how many.

    They lie in a folder of this user's for temporary files meanwhile, as JSON.

    Args:
        rows: each has all fields; lists are nested, and JSON in CSV.
        fields: names and SQL types, in order.
        path: .parquet or .csv.

    Raises:
        UsageError: its name says neither.
        ColumnistError: it cannot be written, or there is no room for the rows.
    """
    import duckdb

    written_as = demand_format(path)
    is_csv = written_as == FORMATS[".csv"]
    types = (
        f"{_string(name)}: {_string('JSON' if is_csv and of.endswith('[]') else of)}"
        for name, of in fields.items()
    )
    number = 0
    with writing(path), tempfile.TemporaryDirectory(prefix="columnist-") as folder:
        lines, made = Path(folder, "rows.json"), Path(folder, "rows")
        encoder = msgspec.json.Encoder()
        with lines.open("wb") as file:
            for row in rows:
                file.write(encoder.encode(row) + b"\n")
                number += 1
        try:
            with duckdb.connect(config={"autoinstall_known_extensions": False}) as db:
                db.execute("SET timezone = 'UTC'")
                db.execute(
                    f"COPY (FROM read_json({_string(lines)}, format ="
                    f" 'newline_delimited', columns = {{{', '.join(types)}}}))"
                    f" TO {_string(made)} ({written_as})"
                )
        except duckdb.Error as error:
            said = str(error).split("\n")[0]
            raise ColumnistError(f"Cannot write {path}: {said}.", HINT) from error
        with made.open("rb") as whole, whole_file(path) as file:
            shutil.copyfileobj(whole, file)
    return number


def _string(value: object) -> str:
    """What SQL says of a text."""
    return "'" + str(value).replace("'", "''") + "'"
