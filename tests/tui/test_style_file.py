"""`style.toml`: what may stand in it, and what is said of a mistake."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from msgspec.structs import fields

from catalog.errors import UsageError
from catalog.style import StyleRules
from tui.flow.connections import Connections
from tui.flow.session import open_session
from tui.flow.settings import Settings
from tui.flow.style_file import read_style

ROOT = Path(__file__).resolve().parents[2]


def test_no_file_asks_for_nothing(tmp_path: Path) -> None:
    assert read_style(tmp_path / "style.toml") == StyleRules()


def test_the_example_of_the_documents_is_right_and_complete(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "style.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)[:1]
    path = tmp_path / "style.toml"
    path.write_text(example)
    assert read_style(path) != StyleRules()
    assert set(tomllib.loads(example)) == {each.name for each in fields(StyleRules)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("min_lenght = 3", "min_lenght is no rule; did you mean min_length?"),
        ("min_length = -1", "min_length must be a whole number, 0 or above."),
        ("max_length = true", "max_length must be a whole number, 0 or above."),
        (
            'banned_words = "TBD"',
            'banned_words must be a list of texts, as in ["a", "b"].',
        ),
        (
            "banned_words = [1]",
            'banned_words must be a list of texts, as in ["a", "b"].',
        ),
        ("full_stop = 1", "full_stop must be true or false."),
        ("min_length = 9\nmax_length = 3", "max_length is below min_length."),
        ("[house]\nx = 1", "house is no rule."),
        ("full_stop =\nx", "line 1"),
        ("\xff", "it is not UTF-8"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "style.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError) as caught:
        read_style(path)
    assert "style.toml" in caught.value.message
    assert message in caught.value.message


def test_a_saved_connection_names_another_file(
    settings: Settings, shop: Path, tmp_path: Path
) -> None:
    Connections(settings.connections).add(
        "shop", f"duckdb:///{shop}", settings={"style": "ours.toml"}
    )
    for target, name in (("shop", "ours.toml"), (f"duckdb:///{shop}", "style.toml")):
        session = open_session(settings, target)
        assert session.style == settings.connections.with_name(name)
        session.close()
