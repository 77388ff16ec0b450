"""The keys of the review screen; their ids are what `keys.toml` names."""

from __future__ import annotations

from textual.binding import Binding, BindingType

REVIEW_KEYS: list[BindingType] = [
    Binding("a", "accept", "Accept", id="review.accept", tooltip="Accept and go on"),
    Binding(
        "A",
        "accept_all",
        "All",
        id="review.accept_all",
        tooltip="Accept all marked, or all listed; states the count first",
    ),
    Binding("e", "edit", "Edit", id="review.edit", tooltip="Edit here"),
    Binding(
        "E",
        "edit_outside",
        "$EDITOR",
        show=False,
        id="review.edit_outside",
        tooltip="Edit in $EDITOR",
    ),
    Binding("r", "reject", "Reject", id="review.reject", tooltip="Reject and go on"),
    Binding(
        "x",
        "reject_because",
        "Reject, why",
        show=False,
        id="review.reject_because",
        tooltip="Reject with a reason, which is one more key, and go on",
    ),
    Binding(
        "R",
        "reject_all",
        "Reject all",
        show=False,
        id="review.reject_all",
        tooltip="Reject all marked, or all listed",
    ),
    Binding(
        "t",
        "again",
        "Again",
        id="review.again",
        tooltip="Other wordings, picked with 1 to 5",
    ),
    *(
        Binding(
            str(n),
            f"pick({n})",
            f"Alternative {n}",
            show=False,
            id=f"review.pick{n}",
        )
        for n in range(1, 6)
    ),
    Binding("space", "mark", "Mark", show=False, id="review.mark"),
    Binding(
        "v",
        "range",
        "Range",
        show=False,
        id="review.range",
        tooltip="Mark from here; v again ends the range",
    ),
    Binding(
        "n",
        "next(1)",
        "Next",
        show=False,
        id="review.next",
        tooltip="Next undecided, also in the next table",
    ),
    Binding(
        "N",
        "next(-1)",
        "Previous",
        show=False,
        id="review.previous",
        tooltip="Previous undecided",
    ),
    Binding(
        "left_square_bracket",
        "table(-1)",
        "Previous table",
        show=False,
        id="review.previous_table",
    ),
    Binding(
        "right_square_bracket",
        "table(1)",
        "Next table",
        show=False,
        id="review.next_table",
    ),
    Binding("slash", "filter", "Filter", show=False, id="review.filter"),
    Binding(
        "f",
        "state",
        "By state",
        show=False,
        id="review.state",
        tooltip="List only one state",
    ),
    Binding("d", "draft", "Draft", show=False, id="review.draft", tooltip="Draft this"),
    Binding("s", "stop", "Stop", show=False, id="review.stop"),
    Binding("u", "undo", "Undo", id="review.undo", tooltip="Undo, without end"),
    Binding("U", "redo", "Redo", show=False, id="review.redo"),
    Binding("y", "copy", "Copy", show=False, id="review.copy"),
    Binding("w", "write", "Write", id="review.write", tooltip="See and write SQL"),
    Binding(
        "Q",
        "questions",
        "Questions",
        show=False,
        id="review.questions",
        tooltip="Say what names mean that would explain the most",
    ),
    Binding("escape", "clear", "Clear", show=False, id="review.clear"),
    Binding("q", "back", "Back", id="review.back", tooltip="Back to the catalog"),
]
