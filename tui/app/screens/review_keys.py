"""The keys of the review screen; their ids are what `keys.toml` names."""

from __future__ import annotations

from tui.app.keys import keys

FIRST, SECOND = ", or the first of two drafts", ", or the second of two drafts"
REVIEW_KEYS = keys(
    "review",
    ("a", "accept", "Accept", "Accept and go on to what is next to decide"),
    ("e", "edit", "Edit", "Edit here"),
    ("E", "edit_outside", "", "Edit in $EDITOR"),
    ("r", "reject", "Reject", "Reject and go on"),
    (
        "x",
        "reject_because",
        "",
        "Reject with a reason, which is one more key, and go on",
    ),
    ("n", "next(1)", "Next", "Next to decide, also in another table", "next"),
    ("N", "next(-1)", "", "Previous to decide", "previous"),
    ("t", "again", "Wordings", "Other wordings, picked with 1 to 5"),
    ("T", "hint", "", "Other wordings, with what you know of it"),
    (
        "A",
        "accept_all",
        "All",
        "Accept all marked; else all listed, without a filter of this table;"
        " the count first",
    ),
    (
        "R",
        "reject_all",
        "",
        "Reject all marked; else all listed, without a filter of this table",
    ),
    ("c", "same_name", "", "One text for all columns of this name and type"),
    ("i", "inspect", "", "All that is known of it, its history, the exact prompt"),
    *(
        (str(n), f"pick({n})", "", f"Wording {n}{also}", f"pick{n}")
        for n, also in zip(range(1, 6), (FIRST, SECOND, "", "", ""), strict=True)
    ),
    ("0", "tie", "", "Neither of two drafts is better: take the first"),
    ("space", "mark", "", "Mark"),
    ("v", "range", "", "Mark from here; v again ends the range"),
    ("left_square_bracket", "table(-1)", "", "Previous table", "previous_table"),
    ("right_square_bracket", "table(1)", "", "Next table", "next_table"),
    ("slash", "filter", "", "By a part of the name; after ' by letters of it"),
    ("f", "state", "", "By state, source, confidence, finding"),
    ("d", "draft", "", "Draft this"),
    ("s", "stop", "", "Stop"),
    ("u", "replay('undo')", "Undo", "Undo, without end", "undo"),
    ("U", "replay('redo')", "", "Redo", "redo"),
    ("y", "copy", "", "Copy"),
    ("w", "write", "Write", "See and write SQL"),
    ("Q", "questions", "", "Say what names mean that would explain the most"),
    ("escape", "clear", "", "Clear"),
    ("q", "back", "Back", "Back to the catalog"),
)
