"""The report in HTML: one file, no network, whatever the names in it are."""

from __future__ import annotations

import base64
import hashlib
import random
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.coverage import CoveragePoint
from catalog.drift import WEEK, Drift, Measure, TableWeek, watch
from catalog.errors import ColumnistError, UsageError
from catalog.intervals import fall
from catalog.metrics import (
    Acceptance,
    DayPace,
    DecisionPace,
    KindAcceptance,
    Metrics,
    Provenance,
)
from catalog.suggestion import Source
from tests.tui.test_metrics import decide
from tui.cli import app
from tui.flow import report
from tui.flow.figures import DatabaseCoverage, Figures
from tui.flow.two_models import ArmOutcome, Comparison, clustered_difference

HOSTILE = [
    "<script>alert(1)</script>",
    "\"'><img src=https://evil.example/x onerror=alert(1)>",
    "\x1b[31mred\x1b[0m\x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
    "\u202egnp.exe\u202c \u200b\u200f\ufeff",
    "</title></style></svg><!--",
    "a\nb\tc\0d\x9be",
    "&lt;b&gt; &amp;",
    "url(//evil.example)",
]
START = datetime(2026, 9, 1, tzinfo=UTC)


def figures(name: str, *, points: int = 3, empty: bool = False) -> Figures:
    acceptance = (
        Acceptance(80, 5, 15, 0, 0, Source.MODEL, name, "2026-09", 40),
        Acceptance(50, 10, 40, 0, 0, Source.MODEL, name, "2026-10", 90),
    )
    metrics = Metrics(
        () if empty else acceptance,
        () if empty else ((name, 50), (None, 5)),
        Provenance(0, 0, 0, 0, 0) if empty else Provenance(90, 12, 3, 4, 1),
        DecisionPace(0, 0.0) if empty else DecisionPace(100, 300.0),
        () if empty else (KindAcceptance(120, 10, 50, 0, 0, "column"),),
        () if empty else (DayPace(date(2026, 9, 1), DecisionPace(100, 300.0)),),
    )
    history = tuple(
        CoveragePoint(START + timedelta(days=n), 10, min(n, 10), 100, min(n, 100))
        for n in range(points)
    )
    first, second = (
        ArmOutcome(name, ((4, 5),) * 12),
        ArmOutcome("other", ((1, 5),) * 12),
    )
    comparison = Comparison(
        first,
        second,
        0,
        fall((48, 60), (12, 60)),
        clustered_difference(first.tables, second.tables),
    )
    coverage = (DatabaseCoverage(name, history),)
    return Figures(name, metrics, drift(name, empty=empty), coverage, comparison)


def drift(name: str, *, empty: bool = False) -> Drift:
    """Six weeks of two schemas, the last of which is bad in one of them."""
    monday, draw = START.date() - timedelta(days=1), random.Random(0)
    rows = (
        TableWeek(
            monday + week * WEEK,
            schema,
            f"{week} {table}",
            f"{name} 2" if week == 5 else name,
            {Measure.ACCEPTANCE: (draw.randint(*((0, 3) if bad else (6, 9))), 10)},
        )
        for week in range(6)
        for schema in (name, "other")
        for table in range(20)
        for bad in (week == 5 and schema == name,)
    )
    last = monday + 5 * WEEK + timedelta(days=6)
    return watch(() if empty else rows, last)


class Page(HTMLParser):
    """Every tag with its attributes, and that each is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3"),
    *("p", "bdi", "figure", "svg", "desc", "text", "line", "polyline", "circle"),
    *("rect", "table", "caption", "thead", "tbody", "tr", "th", "td"),
}


@pytest.mark.parametrize("name", ["columnist-135m", *HOSTILE])
def test_nothing_in_the_report_refers_to_anything_outside(name: str) -> None:
    text = report.render(figures(name))
    page = Page(text)
    assert {tag for tag, _ in page.tags} <= TAGS
    for tag, attributes in page.tags:
        assert not {"src", "href", "style", "action", "srcset"} & set(attributes), tag
        assert not [each for each in attributes if each.startswith("on")]
    style = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    assert len(style) == 1
    assert "url(" not in style[0]
    assert "@import" not in style[0]
    if "evil.example" not in name:
        assert "//" not in text


@pytest.mark.parametrize("name", HOSTILE)
def test_foreign_text_is_shown_and_does_nothing(name: str) -> None:
    text = report.render(figures(name))
    # No control, no direction, no zero width is left; line breaks are ours.
    assert not re.search("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f]", text)
    assert not re.search("[\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff]", text)
    assert "<script" not in text
    assert "<img" not in text
    words = "".join(Page(text).words)
    letters = re.sub(r"[^\w.]", "", name)
    assert letters[:4] in re.sub(r"[^\w.]", "", words)


def test_the_policy_allows_the_one_style_and_nothing_else() -> None:
    text = report.render(figures("m"))
    (policy,) = (
        attributes["content"] or ""
        for tag, attributes in Page(text).tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    (style,) = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert rules["style-src"] == f"'sha256-{digest}'"
    assert set(rules) == {"default-src", "style-src", "base-uri", "form-action"}
    assert "prefers-color-scheme: dark" in style


def test_every_chart_has_a_title_a_description_and_a_table_of_its_numbers() -> None:
    text = report.render(figures("m"))
    charts = re.findall("<svg.*?</svg>", text, re.DOTALL)
    assert len(charts) == 9
    for chart in charts:
        assert re.search("<title>[^<]+</title>", chart)
        assert re.search("<desc>[^<]+</desc>", chart)
        assert 'role="img"' in chart
    after = text.split("</svg>")[1:]
    assert all("<table>" in rest.split("<svg")[0] for rest in after)


def test_what_nobody_read_is_in_no_share_and_has_a_sentence() -> None:
    whole = figures("small")
    unseen = (
        Acceptance(80, 0, 20, 60, 7, Source.MODEL, "small", "2026-09", 0),
        Acceptance(9, 0, 0, 9, 0, Source.RULES, None, "2026-09", 0),
    )
    words = Provenance(90, 12, 3, 4, 1, unseen=30)
    metrics = replace(whole.metrics, acceptance=unseen, provenance=words)
    text = report.render(replace(whole, metrics=metrics))
    rows = [re.sub("<[^>]*>", "|", row) for row in re.findall("<tr>.*?</tr>", text)]
    cells = [[cell for cell in row.split("|") if cell] for row in rows]
    assert ["model (small)", "40", "50%", "35% to 65%", "0", "20", "60"] in cells
    assert ["rules", "0", "0", "0", "9"] in cells  # of nothing there is no share
    assert ["machine, as drafted", "60", "55%"] in cells
    assert ["machine, unseen", "30", "27%"] in cells
    assert "69 texts were accepted in bulk, unseen: in no share." in text
    assert "7 accepted texts are another wording" in text


def test_the_numbers_are_in_the_tables() -> None:
    text = report.render(figures("small"))
    rows = [re.sub("<[^>]*>", "|", row) for row in re.findall("<tr>.*?</tr>", text)]
    cells = [[cell for cell in row.split("|") if cell] for row in rows]
    assert ["model (small)", "200", "65%", "58% to 71%", "15", "55", "0"] in cells
    assert ["column", "180", "67%", "59% to 73%", "10", "50", "0"] in cells
    assert ["small", "50", "91%"] in cells
    assert ["without a reason", "5", "9%"] in cells
    assert ["machine, as drafted", "90", "82%"] in cells
    assert ["human", "4", "4%"] in cells
    assert ["2026-09-01", "100", "20.0"] in cells
    assert ["2026-09-03 00:00", "2", "10", "2", "100"] in cells
    assert ["small", "12", "60", "80%", "68% to 88%", "0"] in cells
    assert "Warning: Acceptance fell from 7" in text
    assert "; it began with small 2. So in small.</p>" in text
    (bad,) = [row for row in cells if row[0] == "2026-10-05" and row[1] == "20"]
    assert bad[-1] == "yes"
    assert "Decided: texts of small are taken as drafted more often" in text


@pytest.mark.parametrize("points", [0, 1, 2, 500])
def test_a_coverage_of_any_length_is_drawn(points: int) -> None:
    whole = figures("m", points=points)
    if not points:
        whole = Figures("m", whole.metrics, whole.drift)
    text = report.render(whole)
    Page(text)
    assert ("It is noted at the end of every scan" in text) is not points
    assert text.count("<tr>") < 300
    assert "nan" not in text


def test_before_any_decision_the_report_says_so() -> None:
    text = report.render(figures("m", empty=True))
    assert "Nothing has been decided yet." in text
    assert "Coverage over time" in text
    assert "Acceptance by origin" not in text


def test_it_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ColumnistError, match="No space left"):
        report.save(figures("m"), path)
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text() == "before"


def test_by_command(shop: Path, tmp_path: Path) -> None:
    workspace, url = tmp_path / "w.db", f"duckdb:///{shop}"
    decide(workspace, url)
    call = ["--workspace", str(workspace), "metrics", url, "--html"]
    path = tmp_path / "report.html"
    done = CliRunner().invoke(app, [*call, str(path)])
    assert done.exit_code == 0
    assert f"wrote {path}" in done.stderr
    assert "33%" in done.stdout
    page = path.read_text()
    Page(page)
    assert "␛" in page
    assert "\x1b" not in page
    everything = CliRunner().invoke(
        app, ["--workspace", str(workspace), "metrics", "--html", str(path), "--json"]
    )
    assert everything.stdout.startswith("{")
    assert "all databases" in path.read_text()


@pytest.mark.parametrize("place", ["none/report.html", "file/report.html", "folder"])
def test_a_place_that_cannot_be_written_is_said_in_a_line(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    call = ["--workspace", str(tmp_path / "w.db"), "metrics", "--html"]
    done = CliRunner().invoke(app, [*call, str(tmp_path / place)])
    error = done.exception
    assert isinstance(error, ColumnistError)
    assert error.message.startswith(f"Cannot write {tmp_path / place}: ")
    assert error.exit_code == 1
    unnamed = CliRunner().invoke(app, [*call, ""])
    assert isinstance(unnamed.exception, UsageError)
