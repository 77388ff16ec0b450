"""The colours: one visual language, dark, light and high contrast."""

from __future__ import annotations

from textual.theme import Theme

THEMES = (
    Theme(
        name="columnist",
        primary="#4fa3a5",
        secondary="#8aa2c8",
        accent="#e0b062",
        foreground="#d8dee4",
        background="#14181d",
        surface="#1b2128",
        panel="#232b34",
        success="#7fb77e",
        warning="#e0b062",
        error="#e06c75",
        dark=True,
    ),
    Theme(
        name="columnist-light",
        primary="#1f7a7c",
        secondary="#3f5f94",
        accent="#9a6200",
        foreground="#20262c",
        background="#fbfaf7",
        surface="#f1efe9",
        panel="#e5e2d9",
        success="#2f7d32",
        warning="#9a6200",
        error="#b3261e",
        dark=False,
    ),
    Theme(
        name="columnist-contrast",
        primary="#00ffff",
        secondary="#ffffff",
        accent="#ffff00",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#1a1a1a",
        success="#00ff00",
        warning="#ffff00",
        error="#ff6060",
        dark=True,
    ),
)
