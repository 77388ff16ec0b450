"""`columnist evaluate sheet`, `vote` and `report`: people compare two systems blind."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.errors import UsageError
from model.evaluation.votes import JudgeKind
from tui.commands import console
from tui.commands.options import Json, settings
from tui.commands.score import Data, Known, written_by
from tui.flow import offline
from tui.flow.model_choice import library
from tui.flow.text import count, plain

if TYPE_CHECKING:
    from model.evaluation.blind import Item

Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="The folder that sheet made.")
]
KEYS = "a, b, t (tie), back, q (quit)"


def run_sheet(
    context: typer.Context,
    data: Data,
    first: Annotated[
        str, typer.Argument(metavar="SYSTEM", help="A system, as in score --system.")
    ],
    second: Annotated[
        str, typer.Argument(metavar="SYSTEM", help="The one to compare it with.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A new folder for the sheet.")
    ],
    number: Annotated[
        int, typer.Option("--number", "-n", help="How many tables.", min=1)
    ] = 62,
    seed: Annotated[int, typer.Option(help="Draws the tables and the sides.")] = 0,
    reference: Annotated[
        bool, typer.Option("--reference", help="Show what a human wrote as well.")
    ] = False,
    known: Known = None,
    json: Json = False,
) -> None:
    """Make a voting sheet: two systems on random tables, sides hidden.

    Each repository has its share of the tables. Vote in sheet.html with any browser, or
    with `columnist evaluate vote`, or fill in item,judge,vote beside sheet.csv. Do not
    give key.json to voters: it says which side is which.

    Example: columnist evaluate sheet dev.jsonl columnist-135m baseline -o blind
    """
    from model.evaluation import sheet
    from model.evaluation.records import read_entries
    from model.evaluation.systems import systems

    options = settings(context)
    if options.offline:
        offline.refuse_sockets()
    chosen = systems([first, second], library(options).find)
    if len(chosen) < 2:
        raise UsageError(
            f"{first} and {second} are the same system.", "Compare two different ones."
        )
    sheet.SHEETS.refuse_another(output)
    entries = sheet.draw(read_entries(data), number, seed=seed)
    (one, its), (other, others) = written_by(options, chosen, entries, known=known)
    items, key = sheet.make(
        entries,
        (one, other),
        (its, others),
        seed=seed,
        data=str(data),
        reference=reference,
    )
    sheet.SHEETS.write(output, items, key)
    if len(items) < number:
        console.note(f"columnist: the data has only {count(len(items), 'table')}.")
    if json:
        same = sum(all(line.alike for line in item.lines) for item in items)
        console.out_json({"folder": str(output), "items": len(items), "same": same})
        return
    console.out(f"{count(len(items), 'table')} in {plain(str(output))}.")
    console.out("Vote in sheet.html, or with `columnist evaluate vote`.")
    console.out("Keep key.json from the voters: it says which side is which.")


def run_vote(
    folder: Folder,
    judge: Annotated[
        str | None, typer.Option(help="The name that the votes are kept under.")
    ] = None,
    kind: Annotated[
        JudgeKind, typer.Option(help="What the judge is: the report says so.")
    ] = JudgeKind.PERSON,
    votes: Annotated[
        Path | None,
        typer.Option("--import", help="Add the votes of a CSV file and do not ask."),
    ] = None,
    json: Json = False,
) -> None:
    """Vote in the terminal, one table at a time, or add votes from a file.

    Answer a, b or t for a tie; back returns, q quits. Every vote is saved at once, and
    the next time it goes on where it ended. --import takes what sheet.html saved:
    item,judge,vote with a, b or tie.

    Example: columnist evaluate vote blind --judge anna
    """
    from model.evaluation.sheet import SHEETS
    from model.evaluation.votes import VOTES, add, last_ones

    items = SHEETS.read_items(folder)
    if votes is not None:
        names = [item.item for item in items]
        found = VOTES.read(votes, names)
        _, replaced = last_ones(found)
        if found:
            add(folder, names, found, kind)
        judges = sorted({vote.judge for vote in found})
        if json:
            console.out_json(
                {"votes": len(found), "judges": judges, "replaced": replaced}
            )
            return
        console.out(
            f"Added {count(len(found) - replaced, 'vote')}"
            f" by {plain(', '.join(judges)) or 'nobody'}."
        )
        if replaced:
            console.out(f"{count(replaced, 'line')} gave way to later ones.")
        return
    if not console.is_terminal():
        raise UsageError(
            "There is no terminal to vote in.",
            "Add votes from a file with --import FILE.csv, or vote in sheet.html.",
        )
    if not judge:
        raise UsageError("Who votes?", "Give a name with --judge NAME.")
    done = _ask(folder, items, judge, kind)
    if json:
        console.out_json({"judge": judge, "votes": done, "items": len(items)})
    else:
        console.out(f"{plain(judge)} voted on {done} of {count(len(items), 'table')}.")


def _ask(folder: Path, items: Sequence[Item], judge: str, kind: JudgeKind) -> int:
    """Ask item by item; how many the judge has voted on in the end."""
    from model.evaluation.votes import VOTES, Preference, Vote, add

    answers = {
        "a": Preference.A,
        "b": Preference.B,
        "t": Preference.TIE,
        "tie": Preference.TIE,
    }
    names = [item.item for item in items]
    given = VOTES.kept(folder, names)
    voted = {vote.item: vote.choice for vote in given if vote.judge == judge}
    place = next((i for i, item in enumerate(items) if item.item not in voted), 0)
    while place < len(items):
        item = items[place]
        _show(item, f"{place + 1} of {len(items)}")
        before = voted.get(item.item)
        had = f", enter keeps {before.value}" if before else ""
        sys.stderr.write(f"Which is better? {KEYS}{had}: ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        answer = line.strip().lower()
        if not line or answer in ("q", "quit"):
            break
        if answer in answers:
            vote = Vote(item.item, judge, answers[answer])
            add(folder, names, [vote], kind)
            voted[item.item] = answers[answer]
        elif answer == "back":
            place = max(0, place - 1)
            continue
        elif answer or not before:
            console.note(f"  Not understood. Answer {KEYS}.")
            continue
        place += 1
    return len(voted)


def _show(item: Item, number: str) -> None:
    console.note("")
    console.note(f"{number}  table {plain(item.table)}")
    for line in item.lines:
        if line.column is not None:
            console.note(f"  {plain(line.column)}  {plain(line.facts)}".rstrip())
        names = ("A, B", "", "human") if line.alike else ("A", "B", "human")
        for name, text in zip(names, line.texts, strict=False):
            if name and (text or name != "human"):
                console.note(f"    {name:<5} {_said(text)}")
    if item.more:
        console.note(f"  ({count(item.more, 'more column')} not shown)")


def _said(text: str | None) -> str:
    return "(no text)" if text is None else plain(text)


def run_report(folder: Folder, json: Json = False) -> None:
    """Count the votes: wins, ties, whether it could be chance, how judges agree.

    A table goes to what more than half of its votes say. The sign test leaves ties out;
    Fleiss' kappa is over the tables on which all judges voted: 0 is chance, 1 is full
    agreement.

    Example: columnist evaluate report blind --json
    """
    document = outcome_of(folder)
    if json:
        console.out_json(document)
    else:
        _print(document)


def outcome_of(folder: Path) -> dict[str, Any]:
    """The document of a sheet's votes."""
    from model.evaluation.sheet import SHEETS
    from model.evaluation.tally import tally
    from model.evaluation.votes import VOTES, kinds

    key = SHEETS.read_key(folder)
    return tally(key, VOTES.kept(folder, key.items), kinds(folder))


def _print(document: Mapping[str, Any]) -> None:
    first, second = plain(document["first"]), plain(document["second"])
    console.out(f"{first} (first) against {second} (second)")
    if not document["judges"]:
        console.out("Nobody has voted yet.")
        return
    _outcomes(
        {
            f"{count(document['items'], 'table')} by majority": document["majority"],
            **{f"{each['name']} ({each['kind']})": each for each in document["judges"]},
        }
    )
    agreement(document, "table", "voted on")
    console.out()
    _outcomes(document["repositories"])
    console.out()
    for table in document["tables"]:
        said = ", ".join(f"{plain(j)} {vote}" for j, vote in table["votes"].items())
        console.out(
            f"{table['item']} {table['majority']:<9} {plain(table['table'])}"
            f"  {said or 'no votes'}"
        )
    if document["replaced_votes"]:
        console.out(
            f"{count(document['replaced_votes'], 'vote')} gave way to later ones."
        )


def _outcomes(rows: Mapping[str, Mapping[str, Any]]) -> None:
    """A line of counts for each label."""
    table: list[tuple[str, ...]] = [
        ("", "first", "second", "ties", "undecided", "first's share")
    ]
    for label, found in rows.items():
        counts = (found[k] for k in ("first_wins", "second_wins", "ties", "undecided"))
        share = "nothing decided"
        if found["share"] is not None:
            share = f"{percent(found['share'])}, sign test p {found['p']:.4f}"
        table.append((label, *map(str, counts), share))
    console.table(table, right=range(1, 5))


def percent(share: Mapping[str, float] | None) -> str:
    """A share with its interval; nothing of nothing."""
    if share is None:
        return ""
    low, high = 100 * share["low"], 100 * share["high"]
    return f"{100 * share['share']:.0f} % ({low:.0f} to {high:.0f})"


def agreement(
    document: Mapping[str, Any], noun: str, judged: str, *, fewest: int = 2
) -> None:
    """Lines on how far judges agree.

    Args:
        document: with `pairs`, and `fleiss_kappa` where all judges are to be told of.
        noun: what they judged.
        judged: what they did with it.
        fewest: judges of whom Fleiss' kappa says something.
    """
    kappa = document.get("fleiss_kappa")
    if kappa and kappa["judges"] >= fewest:
        console.out(
            f"Fleiss' kappa {_kappa(kappa['kappa'])} of {kappa['judges']} judges on"
            f" {count(kappa['items'], noun)} that all {judged}."
        )
    for pair in document["pairs"]:
        both = " and ".join(map(plain, pair["judges"]))
        if pair["agreement"] is None:
            console.out(f"{both}: no {noun} in common")
            continue
        console.out(
            f"{both}: agree on {100 * pair['agreement']:.0f} % of"
            f" {count(pair['items'], noun)}, Cohen's kappa"
            f" {_kappa(pair['cohen_kappa'])}"
        )


def _kappa(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.2f}"
