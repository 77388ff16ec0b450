"""`columnist evaluate audit`: which texts a careful reader accepts as they are."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.errors import UsageError
from tui.commands import console
from tui.commands.options import Json, settings
from tui.commands.score import Data, Known, written_by
from tui.commands.voting import agreement, percent
from tui.flow import offline
from tui.flow.model_choice import library
from tui.flow.text import count, plain

if TYPE_CHECKING:
    from model.evaluation.blind import Item
    from model.evaluation.records import Entry, Texts
    from tui.flow.settings import Settings

app = typer.Typer(
    help="Which texts readers accept as they are: draw, label, report.",
    rich_markup_mode=None,
)
Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="The folder that draw made.")
]
KEYS = "2 accept, 1 edit, 0 wrong, u undo, q quit"
UNDO = ("u", "\x7f", "\b")


@app.command("draw")
def run_draw(
    context: typer.Context,
    data: Data,
    system: Annotated[
        list[str],
        typer.Argument(
            metavar="SYSTEM",
            help="As in score --system, or human: what the records say.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A new folder for the audit.")
    ],
    columns: Annotated[
        int, typer.Option(help="How many columns of each system.", min=0)
    ] = 300,
    tables: Annotated[
        int, typer.Option(help="How many tables of each system.", min=0)
    ] = 60,
    seed: Annotated[int, typer.Option(help="Draws the targets and the order.")] = 0,
    known: Known = None,
    json: Json = False,
) -> None:
    """Draw single texts of several systems, mixed, without saying whose they are.

    All systems are asked for the same documented columns and tables, of which every
    repository has its share. Label in audit.html with any browser, with `columnist
    evaluate audit label`, or in audit.csv. Keep audit-key.json from the readers.

    Example: columnist evaluate audit draw dev.jsonl columnist-135m rules human -o blind
    """
    from model.evaluation import audit
    from model.evaluation.records import read_entries

    options = settings(context)
    if options.offline:
        offline.refuse_sockets()
    audit.AUDITS.refuse_another(output)
    entries = audit.draw(read_entries(data), columns, tables, seed=seed)
    texts = _written(options, system, entries, known)
    items, key = audit.make(entries, texts, seed=seed, data=str(data))
    audit.AUDITS.write(output, items, key)
    asked = f"{count(key.columns, 'column')} and {count(key.tables, 'table')}"
    if key.columns < columns or key.tables < tables:
        console.note(f"columnist: the data has only {asked} with a description.")
    if json:
        console.out_json(
            {
                "folder": str(output),
                "items": len(items),
                "columns": key.columns,
                "tables": key.tables,
                "systems": list(key.systems),
            }
        )
        return
    console.out(
        f"{count(len(items), 'different text')} of {count(len(texts), 'system')} on"
        f" {asked} in {plain(str(output))}."
    )
    console.out("Label in audit.html, or with `columnist evaluate audit label`.")
    console.out(
        f"Keep {audit.AUDITS.key} from the readers: it says whose texts are whose."
    )


def _written(
    options: Settings,
    specs: Sequence[str],
    entries: Sequence[Entry],
    known: Path | None,
) -> dict[str, Sequence[Texts]]:
    """The texts of every system by its name; the human ones first."""
    from model.evaluation.audit import HUMAN, human
    from model.evaluation.systems import systems

    find = library(options).find
    chosen = systems((spec for spec in specs if spec != HUMAN), find)
    texts: dict[str, Sequence[Texts]] = {}
    if HUMAN in specs:
        if any(one.name == HUMAN for one in chosen):
            raise UsageError(
                "Two systems are named human.", "Give the file another name."
            )
        texts[HUMAN] = human(entries)
    return texts | dict(written_by(options, chosen, entries, known=known))


@app.command("label")
def run_label(
    folder: Folder,
    judge: Annotated[
        str, typer.Option(help="The name that the labels are kept under.")
    ],
) -> None:
    """Label texts in the terminal, one key each.

    2 accepts a text as it is, 1 says that it is true but wants an edit, 0 that it is
    wrong, invented or garbled; u takes the last one back, q quits. Every label is saved
    at once in labels.csv, and the next time it goes on where it ended.

    Example: columnist evaluate audit label blind --judge anna
    """
    from model.evaluation.audit import AUDITS

    items = AUDITS.read_items(folder)
    if not judge.strip():
        raise UsageError("Who labels?", "Give a name with --judge NAME.")
    if not console.is_terminal():
        raise UsageError(
            "There is no terminal to label in.",
            "Label in audit.html or audit.csv, and give the CSV to report.",
        )
    done = _ask(folder, items, judge.strip())
    console.out(f"{plain(judge)} labelled {done} of {count(len(items), 'text')}.")


def _ask(folder: Path, items: Sequence[Item], judge: str) -> int:
    """Ask item by item; how many the judge has labelled in the end."""
    from model.evaluation.labels import LABELS, by_item, keep

    names = [item.item for item in items]
    own = [one for one in LABELS.kept(folder, names) if one.judge == judge]
    said = {item: labels[judge] for item, labels in by_item(own).items()}
    keys = _keys()
    while left := [item for item in items if item.item not in said]:
        _show(left[0], f"{len(said) + 1} of {len(items)}")
        sys.stderr.write(f"{KEYS}: ")
        sys.stderr.flush()
        key = next(keys)
        console.note(key if key.isprintable() else "")
        if key in ("2", "1", "0"):
            said[left[0].item] = int(key)
        elif key in UNDO and said:
            said.popitem()
        elif key == "q":
            break
        else:
            continue
        keep(folder, names, judge, said)
    return len(said)


def _keys() -> Iterator[str]:
    """What is typed, key by key; the end of input quits."""
    while True:
        try:
            typed = typer.getchar()
        except EOFError:
            typed = "q"
        # What is typed fast arrives together; an arrow is one key.
        yield from [typed] if typed.startswith("\x1b") else typed.lower()


def _show(item: Item, number: str) -> None:
    console.note("")
    console.note(f"{number}  table {plain(item.table)}")
    judged, *columns = item.lines
    listed = "; ".join(
        f"{each.column} ({each.facts})" if each.facts else f"{each.column}"
        for each in columns
    )
    more = f" and {item.more} more" if item.more else ""
    console.note(f"  columns {plain(listed)}{more}")
    what = "the table" if judged.column is None else f"column {plain(judged.column)}"
    console.note(f"  {what}  {plain(judged.facts)}".rstrip())
    for text in judged.texts:
        console.note(f"    {plain(text or '')}")


@app.command("report")
def run_report(
    folder: Folder,
    labels: Annotated[
        list[Path] | None,
        typer.Argument(metavar="LABELS.csv", help="Beside those in the folder."),
    ] = None,
    json: Json = False,
) -> None:
    """Count the labels: shares accepted, to edit and wrong, and how readers agree.

    Columns and tables apart. A pooled share is the mean over the readers of a text,
    then over texts; intervals are Wilson's 95 % over texts. What several systems say
    alike counts for each of them.

    Example: columnist evaluate audit report blind labels-anna.csv labels-ben.csv
    """
    from model.evaluation.audit import AUDITS
    from model.evaluation.labels import LABELS, by_item, report

    key = AUDITS.read_key(folder)
    found = LABELS.kept(folder, key.items)
    for path in labels or []:
        found += LABELS.read(path, key.items)
    document = report(key, by_item(found))
    if json:
        console.out_json(document)
    else:
        _print(document)


def _print(document: Mapping[str, Any]) -> None:
    if not document["judges"]:
        console.out("Nobody has labelled anything yet.")
        return
    for kind in ("columns", "tables"):
        part = document[kind]
        if not part["asked"]:
            continue
        console.out(f"{count(part['asked'], kind[:-1])} of each system")
        labels = ("accepted", "edit", "wrong")
        rows: list[Sequence[object]] = [("", "texts", *labels)]
        for name, its in part["systems"].items():
            rows += (
                (label, found["n"], *(percent(found[each]) for each in labels))
                for label, found in _rows(name, its)
            )
        console.table(rows, right=(1,))
        console.out()
    agreement(document, "text", "labelled", fewest=3)
    console.out(
        f"{document['labelled']} of {count(document['items'], 'different text')}"
        f" labelled by {plain(', '.join(document['judges']))}."
    )


def _rows(name: str, its: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The lines of one system, each with its label."""
    missing = f" ({its['missing']} without text)" if its["missing"] else ""
    yield f"{name}{missing}", its["pooled"]
    if len(its["judges"]) > 1:
        for judge, found in its["judges"].items():
            yield f"  by {judge}", found
    for source, found in its["sources"].items():
        yield f"  from {source}", found
    if said := its["confidence"]:
        for each in said["bins"]:
            edges = f"{100 * each['from']:.0f} to {100 * each['to']:.0f} %"
            yield f"  said {edges}, mean {100 * each['said']:.0f} %", each
        sure = said["sure"]
        if sure["n"]:
            yield (
                f"  said {100 * sure['from']:.0f} % or more:"
                f" {100 * sure['of_all']['share']:.0f} % of all",
                sure,
            )
