"""The keys of the review screen; their ids are what `keys.toml` names."""

from __future__ import annotations

from textual.binding import Binding, BindingType


def _key(
    key: str,
    action: str,
    name: str,
    tooltip: str = "",
    *,
    show: bool = False,
    id: str = "",  # noqa: A002  # Textual's own name for it
) -> Binding:
    """A key; its id is that of its action where none is given."""
    return Binding(
        key, action, name, show=show, tooltip=tooltip, id=f"review.{id or action}"
    )


REVIEW_KEYS: list[BindingType] = [
    _key("a", "accept", "Accept", "Accept and go on", show=True),
    _key(
        "A",
        "accept_all",
        "All",
        "Accept all marked, or all listed; states the count first",
        show=True,
    ),
    _key("e", "edit", "Edit", "Edit here", show=True),
    _key("E", "edit_outside", "$EDITOR", "Edit in $EDITOR"),
    _key("r", "reject", "Reject", "Reject and go on", show=True),
    _key(
        "x",
        "reject_because",
        "Reject, why",
        "Reject with a reason, which is one more key, and go on",
    ),
    _key("R", "reject_all", "Reject all", "Reject all marked, or all listed"),
    _key("t", "again", "Again", "Other wordings, picked with 1 to 5", show=True),
    _key("T", "hint", "Again, with a hint", "Other wordings, with what you know of it"),
    _key(
        "c", "same_name", "Same name", "One text for all columns of this name and type"
    ),
    _key(
        "i",
        "inspect",
        "Inspect",
        "All that is known of it, its history, the exact prompt",
    ),
    *(
        _key(str(n), f"pick({n})", f"Alternative {n}", id=f"pick{n}")
        for n in range(1, 6)
    ),
    _key("space", "mark", "Mark"),
    _key("v", "range", "Range", "Mark from here; v again ends the range"),
    _key("n", "next(1)", "Next", "Next undecided, also in the next table", id="next"),
    _key("N", "next(-1)", "Previous", "Previous undecided", id="previous"),
    _key("left_square_bracket", "table(-1)", "Previous table", id="previous_table"),
    _key("right_square_bracket", "table(1)", "Next table", id="next_table"),
    _key("slash", "filter", "Filter"),
    _key("f", "state", "Show", "By state, source, confidence, finding"),
    _key("d", "draft", "Draft", "Draft this"),
    _key("s", "stop", "Stop"),
    _key("u", "undo", "Undo", "Undo, without end", show=True),
    _key("U", "redo", "Redo"),
    _key("y", "copy", "Copy"),
    _key("w", "write", "Write", "See and write SQL", show=True),
    _key("Q", "questions", "Names", "Say what names mean that would explain the most"),
    _key("escape", "clear", "Clear"),
    _key("q", "back", "Back", "Back to the catalog", show=True),
]
