"""What is said of a file that is not as it must be."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest

from catalog.checked import mistake

Name = Annotated[str, msgspec.Meta(pattern=r"\S", description="a name")]


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    share: Annotated[float, msgspec.Meta(ge=0, le=1, description="a share")] = 0.0
    verdict: Literal["yes", "no"] = "yes"

    def __post_init__(self) -> None:
        if self.name == "nobody":
            raise ValueError("nobody is no name")


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    items: tuple[Inner, ...] = ()
    words: Annotated[tuple[str, ...], msgspec.Meta(description="a list")] = ()
    one: Inner | None = None


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ([], "it: expected `object`, got `array`"),
        ({"items": [{}]}, "items[0] has no name"),
        ({"items": [{"name": "a"}, {"name": " "}]}, "items[1].name must be a name"),
        ({"items": [{"name": 1}]}, "items[0].name must be a name"),
        ({"one": {"name": "a", "share": 2}}, "one.share must be at most 1.0"),
        ({"one": {"name": "a", "share": -1}}, "one.share must be a share"),
        (
            {"one": {"name": "a", "verdict": "x\ny"}},
            "one.verdict is none that is known",
        ),
        ({"one": {"name": "nobody"}}, "one: nobody is no name"),
        ({"words": ["a", 1]}, "words must be a list"),
        ({"more": 1}, "it has a field that does not belong there"),
        ({"one": {"more": 1}}, "one has a field that does not belong there"),
    ],
)
def test_a_mistake_is_named_with_its_place(document: Any, what: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(document, Outer)
    assert mistake(Outer, caught.value).what == what


@pytest.mark.parametrize("name", ["a\nb", "`$.x`", "x` - at `$.items[0].gone`", "\x1b"])
def test_an_unknown_field_may_be_called_anything(name: str) -> None:
    """What is said of it is one line that repeats nothing of the file."""
    data = msgspec.json.encode({"one": {"name": "a", name: 1}})
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(data, type=Outer)
    found = mistake(Outer, caught.value)
    assert found.what.endswith("a field that does not belong there")
    assert found.known
    assert name not in found.what
