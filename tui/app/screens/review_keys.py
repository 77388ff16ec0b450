"""The keys of the review screen; their ids are what `keys.toml` names."""

from __future__ import annotations

from tui.app.keys import keys

REVIEW_KEYS = keys(
    "review",
    ("a", "accept", "Accept", "Accept and go on"),
    (
        "A",
        "accept_all",
        "All",
        "Accept all marked, or all listed; states the count first",
    ),
    ("e", "edit", "Edit", "Edit here"),
    ("E", "edit_outside", "", "Edit in $EDITOR"),
    ("r", "reject", "Reject", "Reject and go on"),
    (
        "x",
        "reject_because",
        "",
        "Reject with a reason, which is one more key, and go on",
    ),
    ("R", "reject_all", "", "Reject all marked, or all listed"),
    ("t", "again", "Again", "Other wordings, picked with 1 to 5"),
    ("T", "hint", "", "Other wordings, with what you know of it"),
    ("c", "same_name", "", "One text for all columns of this name and type"),
    ("i", "inspect", "", "All that is known of it, its history, the exact prompt"),
    *((str(n), f"pick({n})", "", f"Alternative {n}", f"pick{n}") for n in range(1, 6)),
    ("space", "mark", "", "Mark"),
    ("v", "range", "", "Mark from here; v again ends the range"),
    ("n", "next(1)", "", "Next undecided, also in the next table", "next"),
    ("N", "next(-1)", "", "Previous undecided", "previous"),
    ("left_square_bracket", "table(-1)", "", "Previous table", "previous_table"),
    ("right_square_bracket", "table(1)", "", "Next table", "next_table"),
    ("slash", "filter", "", "Filter"),
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
