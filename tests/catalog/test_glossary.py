"""The file of terms: what is read, what is kept, and which term counts where."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import ColumnistError
from catalog.glossary import Glossary, GlossaryFile, Term, parse, render
from catalog.objects import TableId

PATH = Path("glossary.csv")
ORDERS = TableId("sales", "orders")
HOSTILE = ["[bold red]x", "\x1b[2J", "a\r\nb", "\u202eabc", '"', ",", "\ufeff", "=1+1"]

texts = st.text() | st.sampled_from(HOSTILE)
rows = st.lists(st.builds(Term, texts, texts, texts))


@given(rows)
def test_any_text_comes_back_as_it_was_written(terms: list[Term]) -> None:
    assert parse(render(terms), PATH) == terms


@given(st.dictionaries(texts.filter(str.strip), texts.filter(str.strip)))
def test_answers_of_any_text_are_found_again(
    tmp_path_factory: pytest.TempPathFactory, answers: dict[str, str]
) -> None:
    file = GlossaryFile(tmp_path_factory.mktemp("glossary") / "glossary.csv")
    latest = {}
    for term, meaning in answers.items():
        file.answer(term, meaning)
        latest[Term(term, meaning).key] = meaning
    # Written to within one tick of the clock, a file is read anew by its size alone.
    found = GlossaryFile(file.path).read().of(ORDERS)
    assert {key: term.meaning for key, term in found.items()} == latest


def test_there_is_no_file_before_the_first_answer_and_none_of_it_after_the_last(
    tmp_path: Path,
) -> None:
    file = GlossaryFile(tmp_path / "new" / "glossary.csv")
    assert len(file.read()) == 0
    assert file.forget("x") is None
    assert not file.path.exists()
    assert file.answer("RPID", "rate plan") is None
    assert file.path.read_bytes() == b"term,meaning,scope\r\nRPID,rate plan,\r\n"
    assert file.answer("rpid", "rate plan of a tariff") == "rate plan"
    assert len(file.read()) == 1
    assert file.forget("Rpid") == "rate plan of a tariff"
    assert file.path.read_bytes() == b"term,meaning,scope\r\n"
    assert [each.name for each in file.path.parent.iterdir()] == ["glossary.csv"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_file_of_other_delimiters_keeps_them(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "terms.csv"
    before = f"term{delimiter}meaning{delimiter}scope\nx,y{delimiter}one{delimiter}\n"
    path.write_text(before)
    file = GlossaryFile(path)
    file.answer("z", f"a{delimiter}b", scope="sales")
    assert [each.term for each in file.read().terms] == ["x,y", "z"]
    added = delimiter.join(["z", f'"a{delimiter}b"', "sales"])
    assert path.read_text() == f"{before}{added}\n"


def test_what_others_wrote_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "terms.csv"
    before = (
        b'\xef\xbb\xbfScope,"Term",owner,Meaning\n'
        b'sales,zz,"me, too",  spaced \n'
        b"\n"
        b',"aa",,"two\nlines"\n'
        b",last,,no newline"
    )
    path.write_bytes(before)
    path.chmod(0o664)
    file = GlossaryFile(path)
    file.answer("new", "a, b", scope="sales.*")
    assert path.read_bytes() == before + b'\nsales.*,new,,"a, b"\n'
    file.answer("AA", "one")
    assert path.read_bytes() == before.replace(b'"aa",,"two\nlines"', b"aa,,one") + (
        b'\nsales.*,new,,"a, b"\n'
    )
    assert file.answer("zz", "everywhere") is None  # another scope, another row
    assert path.stat().st_mode & 0o777 == 0o664
    assert file.forget("zz", scope="sales") == "  spaced "
    assert b"me, too" not in path.read_bytes()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.csv"
    link = tmp_path / "glossary.csv"
    link.symlink_to(real)
    GlossaryFile(link).answer("x", "y")
    assert link.is_symlink()
    assert real.exists()


def test_a_change_by_somebody_else_is_seen(tmp_path: Path) -> None:
    file = GlossaryFile(tmp_path / "glossary.csv")
    file.answer("x", "one")
    assert file.read().of(ORDERS)["x"].meaning == "one"
    file.path.write_text("term,meaning\nx,another\n")
    assert file.read().of(ORDERS)["x"].meaning == "another"


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (b"a,b\n", 1, "first line must be term,meaning,scope"),
        (b"term,term,meaning\n", 1, "first line must be"),
        (b'term,meaning\nx,y\n"z,\n', 3, "never closed"),
        (b"term,meaning\nx,y\n\nz\n", 4, "meaning is missing"),
        (b"term,meaning\nx,\xff\n", 2, "not UTF-8"),
        (b'term,meaning\nx,"a"b\n', 2, "in the middle"),
        (b"term,meaning,scope\nx,a, b,\n", 2, "more fields"),
        (b'term,meaning\n"a\nb",c\nd,e,f\n', 4, "more fields"),
    ],
)
def test_a_broken_file_is_one_line_with_its_place_and_is_not_written_to(
    tmp_path: Path, content: bytes, line: int, what: str
) -> None:
    path = tmp_path / "terms.csv"
    path.write_bytes(content)
    file = GlossaryFile(path)
    for use in (file.read, lambda: file.answer("x", "y"), lambda: file.forget("x")):
        with pytest.raises(ColumnistError) as caught:
            use()
        assert caught.value.message.startswith(f"terms.csv:{line}: ")
        assert what in caught.value.message
        assert "\n" not in caught.value.message
    assert path.read_bytes() == content


def test_what_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    file = GlossaryFile(tmp_path / "glossary.csv")
    for term, meaning in ((" ", "y"), ("x", "\n")):
        with pytest.raises(ColumnistError, match="needs a name and a meaning"):
            file.answer(term, meaning)
    with pytest.raises(ColumnistError, match="Cannot write"):
        file.answer("x", "\ud800")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("table", "meaning"),
    [
        (TableId("sales", "orders"), "table"),
        (TableId("sales", "order_items"), "pattern"),
        (TableId("sales", "plans"), "schema"),
        (TableId("salesforce", "orders"), "schemas"),
        (TableId("hr", "orders"), "everywhere"),
        (TableId("Sales", "orders"), "everywhere"),
    ],
)
def test_only_the_most_specific_scope_counts(table: TableId, meaning: str) -> None:
    terms = [
        Term("x", "table", "sales.orders"),
        Term("x", "everywhere"),
        Term("x", "pattern", "sales.order*"),
        Term("X ", "schema", "sales"),
        Term("x", "schemas", "sales*"),
        Term("x", "", "hr.orders"),
        Term("", "no term"),
    ]
    for order in (terms, terms[::-1]):
        assert Glossary(order).of(table)["x"].meaning == meaning


def test_of_two_rows_alike_the_later_counts_and_scopes_join() -> None:
    glossary = Glossary(
        [Term("a", "one"), Term("a", "two"), Term("b", "there", "sales")]
    )
    assert {k: t.meaning for k, t in glossary.of(ORDERS).items()} == {
        "a": "two",
        "b": "there",
    }
    assert list(glossary.of(TableId("hr", "x"))) == ["a"]
