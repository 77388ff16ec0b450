from __future__ import annotations

import codecs
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.csv_file import BrokenCsv, decode, delimiter_of, read_records

rows = st.lists(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=2),
    max_size=5,
)


@given(rows, st.sampled_from(",;\t"), st.sampled_from(["\r\n", "\n"]))
def test_rows_come_back_as_they_went(
    rows: list[list[str]], delimiter: str, end: str
) -> None:
    file = io.StringIO()
    # With \n at the ends, a field with \r needs quotes that csv does not give it.
    csv.writer(
        file, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL
    ).writerows(rows)
    found = list(read_records(file.getvalue(), delimiter=delimiter))
    assert [list(record.fields) for record in found] == rows
    assert "".join(record.raw for record in found) == file.getvalue()


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('a,b\n"x,y\nz,w\n', 2, "never closed"),
        ('a,b\n"x,y\nz,"w"\n', 2, "never closed"),  # a later one seems to close it
        ('a,b\n"one\ntwo",x\n"three\nfour","x\nz,w\n', 5, "never closed"),
        ('a,b\n"one ""quoted"" word\nx,y\n', 2, "never closed"),
        ('a,b\n5"" pipe,"x\ny,z\n', 2, "never closed"),
        ('a,b\nx,"a"b\n', 2, "in the middle"),
        ("a,b\nx," + "y" * 200_000, 2, "too long"),
    ],
)
def test_what_is_broken_is_named_where_it_begins(
    text: str, line: int, reason: str
) -> None:
    with pytest.raises(BrokenCsv, match=reason) as caught:
        list(read_records(text))
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("head", "delimiter"),
    [("a,b,c", ","), ("a;b;c", ";"), ("a\tb\tc", "\t"), ("a", ","), ("", ",")],
)
def test_the_delimiter_is_told_by_the_first_line(head: str, delimiter: str) -> None:
    assert delimiter_of(f"{head}\n1;2,3,4,5,6\n") == delimiter


@pytest.mark.parametrize(
    "data",
    [
        "Größe 😀".encode(),
        "Größe 😀".encode("utf-8-sig"),
        "Größe 😀".encode("utf-16"),
        codecs.BOM_UTF16_BE + "Größe 😀".encode("utf-16-be"),
        "Größe 😀".encode("utf-32"),
    ],
)
def test_every_encoding_that_says_which_it_is_is_read(data: bytes) -> None:
    assert decode(data) == "Größe 😀"
