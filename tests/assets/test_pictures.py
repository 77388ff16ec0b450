"""The README's pictures are there, small, and load nothing."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
PICTURES = sorted((ROOT / "assets" / "pictures").glob("*.svg"))


def test_there_is_one_of_each_screen_and_the_readme_links_to_them() -> None:
    names = {picture.stem for picture in PICTURES}
    assert names == {"catalog", "figures", "review", "write"}
    linked = re.findall(r"!\[[^]]+\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert linked
    assert all((ROOT / each).exists() for each in linked)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.stem)
def test_a_picture_is_small_and_loads_nothing(picture: Path) -> None:
    text = picture.read_text()
    assert len(text.encode()) < 150 * 1024
    assert "@font-face" not in text
    assert "url(http" not in text
    assert not re.search(r"(href|src)=", text)
    assert ElementTree.fromstring(text).tag.endswith("svg")
