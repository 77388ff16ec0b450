"""Messages that more than one screen cares about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.message import Message

from catalog.suggestion import Draft


@dataclass
class DraftsSaved(Message):
    """Drafts are in the workspace and can be shown."""

    drafts: Sequence[Draft]
    """What was saved just now."""


@dataclass
class DraftingChanged(Message):
    """Drafting began, went on or ended: the status line says how far it is."""

    def can_replace(self, message: Message) -> bool:
        """A later one says all that an earlier one said."""
        return isinstance(message, DraftingChanged)
