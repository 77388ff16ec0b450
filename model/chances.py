"""One confidence for one text: a column of the same name had it, or comes later.

The chance that a text is accepted hangs a little on what stands beside it: the prompt
that the model read, the words of the table's name. Whoever reads the same text of two
columns with the same name sees none of that, so the first number counts for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from catalog.objects import column_of
from catalog.suggestion import Draft, Finding

Said = tuple[str, tuple[Finding, ...]]
"""A text, and what is to be seen beside it that speaks against it."""
NAMES, TEXTS = 500, 200
"""Names that are kept, the others are asked for again, and the texts of each."""


class Chances:
    """The numbers that texts were given, in this run and before it.

    Args:
        before: tells what texts on columns of a name have from earlier runs.
    """

    def __init__(
        self, before: Callable[[str], Mapping[Said, float]] = lambda _: {}
    ) -> None:
        self._before = before
        self._names: dict[str, dict[Said, float]] = {}

    def steady(self, draft: Draft) -> Draft:
        """The draft with the number that its text has on columns of its name."""
        name = column_of(draft.target)
        if name is None or draft.text is None:
            return draft
        known = self._names.pop(name, None)
        if known is None:
            known = dict(self._before(name))
            if len(self._names) >= NAMES:
                del self._names[next(iter(self._names))]
        self._names[name] = known
        said = (draft.text, draft.findings)
        if len(known) < TEXTS:
            known.setdefault(said, draft.confidence)
        return replace(draft, confidence=known.get(said, draft.confidence))
