"""How every screen looks, as text; `--update-looks` writes what is there now.

The characters of a terminal, one line a row, lie in `looks/NAME-WxH.txt`. What the keys
do is tested elsewhere; here a change of looks is shown as a difference to be read.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Footer

from catalog.addresses import DatabaseIdentity
from catalog.approvals import Decided, SignOff
from catalog.choice import Choice
from catalog.objects import ColumnId, TableId, make_target
from catalog.pairs import Pairs
from catalog.suggestion import Draft, Finding, Source, Verdict, Wording
from catalog.workspace import Workspace
from connectors.connect import open_database
from tests.tui.review import go
from tests.tui.test_pilot import ORDERS, settled, to_orders, until
from tui.app import welcome
from tui.app.app import ColumnistApp
from tui.app.palette import Palette
from tui.app.screens import picker
from tui.app.screens.ask import AskModal
from tui.app.screens.bulk import AcceptModal
from tui.app.screens.catalog import CatalogScreen
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.counting import CountingModal
from tui.app.screens.facets import FacetModal
from tui.app.screens.figures import FiguresScreen
from tui.app.screens.help import HelpModal
from tui.app.screens.inspect import InspectModal
from tui.app.screens.password import PasswordModal
from tui.app.screens.questions import QuestionsScreen
from tui.app.screens.reason import ReasonModal
from tui.app.screens.review import ReviewScreen
from tui.app.screens.rule import RuleModal
from tui.app.screens.same_name import SameNameScreen
from tui.app.screens.sample import SampleScreen
from tui.app.screens.sign_off import SignOffScreen
from tui.app.screens.too_small import TooSmallModal
from tui.app.screens.write import WriteScreen
from tui.app.widgets.row_list import RowList
from tui.flow import draft_plan, scanning
from tui.flow.connections import Connections
from tui.flow.session import Session, attach, open_session
from tui.flow.settings import Settings

LOOKS = Path(__file__).with_name("looks")
SIZES = ((80, 24), (120, 40), (200, 60))
LABEL = "duckdb shop.duckdb"


@dataclass
class Stage:
    """One app on the shop, before the keys of a state are pressed."""

    app: ColumnistApp
    """The app."""
    pilot: Pilot[None]
    """Presses keys."""

    async def press(self, *keys: str) -> None:
        """Press keys and wait for what they started."""
        await self.pilot.press(*keys)
        await self.app.workers.wait_for_complete()
        await self.pilot.pause()

    async def reach(self, kind: type) -> None:
        """Wait for a screen."""
        await until(self.pilot, lambda: isinstance(self.app.screen, kind))
        await self.app.workers.wait_for_complete()
        await self.pilot.pause()

    async def review(self, name: str | None = None) -> None:
        """Open sales.orders, at a name in it or at what is first to decide."""
        screen = await to_orders(self.app, self.pilot)
        if name is not None:
            column = None if name == ORDERS.name else name
            await go(self.pilot, screen, make_target(*ORDERS, column))

    async def sign_off(self) -> None:
        """Open decisions of ann, and one of bob, as bob."""
        item = Decided(
            ColumnId(ORDERS, "order_id"),
            Verdict.ACCEPT,
            None,
            "The number of an order.",
            "The number of an order.",
            Source.MODEL,
            "small",
            0.8,
            (),
            None,
            "ann",
            "2026-03-02T08:00:00+00:00",
            seen=True,
        )
        edited = replace(
            item,
            target=ColumnId(ORDERS, "status"),
            verdict=Verdict.EDIT,
            previous="State.",
            text="How far the order is.",
            findings=(Finding.RESTATES,),
        )
        words = "Orders of customers."
        own = replace(item, target=ORDERS, text=words, drafted=words, who="bob")
        own = replace(own, seen=False)
        items = (item, edited, own)
        document = SignOff("shop", LABEL, "ann", "2026-03-03T08:00:00+00:00", items)
        self.app.push_screen(SignOffScreen(Path("decisions.json"), document, "bob"))
        await self.reach(SignOffScreen)


State = Callable[[Stage], Awaitable[None]]
STATES: dict[str, State] = {}


def look(state: State) -> State:
    """Register a state under its name."""
    STATES[state.__name__] = state
    return state


@look
async def picker_empty(stage: Stage) -> None:
    """Nothing was ever opened: the demo to begin with, and how to type a URL."""


@look
async def picker_saved(stage: Stage) -> None:
    """Saved connections first, then recent databases, then the demo."""


@look
async def catalog_all(stage: Stage) -> None:
    """Schemas with their shares, tables with bars, what waits to be decided."""


@look
async def catalog_filtered(stage: Stage) -> None:
    """The field with what was typed, and only the tables that fit."""
    await stage.press("slash", *"ord")


@look
async def catalog_nothing_fits(stage: Stage) -> None:
    """No table fits, and which keys help."""
    await stage.press("slash", *"zzzz")


@look
async def catalog_facets(stage: Stage) -> None:
    """What can be listed by, group by group, one of them chosen."""
    await stage.press("f", "j", "space")
    assert isinstance(stage.app.screen, FacetModal)


@look
async def catalog_empty(stage: Stage) -> None:
    """There are no tables, or none that may be seen; which keys help."""


@look
async def review_pending(stage: Stage) -> None:
    """Whole descriptions and their states; the details of the first undecided."""
    await stage.review()


@look
async def review_conflict(stage: Stage) -> None:
    """Why there is a conflict, with the text that somebody wrote beside ours."""
    await stage.review("order_id")


@look
async def review_abstained(stage: Stage) -> None:
    """No text, but the best guess."""
    await stage.review("customer_id")


@look
async def review_marked(stage: Stage) -> None:
    """Marks at the left edge, and how many in the heading."""
    await stage.review("orders")
    await stage.press("space", "space")


@look
async def review_editor(stage: Stage) -> None:
    """The text under the list, its length, and the keys of the editor."""
    await stage.review("orders")
    await stage.press("e", *" ed")


@look
async def review_alternatives(stage: Stage) -> None:
    """Other wordings with their numbers, under the text that is there."""
    await stage.review("order_date")
    screen = stage.app.screen
    assert isinstance(screen, ReviewScreen)
    assert screen._line is not None
    texts = ["When the customer ordered.", "Day on which the order came in."]
    found = [Wording(text, Source.MODEL) for text in texts]
    screen._alternatives[screen._line.target] = found
    await stage.press("j", "k")


@look
async def review_pair(stage: Stage) -> None:
    """Two models' drafts with their keys, and how far the votes are."""
    await stage.review("order_date")


@look
async def review_filter(stage: Stage) -> None:
    """Only the columns whose name fits, of all tables."""
    await stage.review()
    await stage.press("slash", *"stat")


@look
async def review_reason(stage: Stage) -> None:
    """Five reasons with their keys."""
    await stage.review("orders")
    await stage.press("x")
    assert isinstance(stage.app.screen, ReasonModal)


@look
async def review_hint(stage: Stage) -> None:
    """What the model should know, and what becomes of it."""
    await stage.review("orders")
    await stage.press("T", *"sold")
    assert isinstance(stage.app.screen, AskModal)


@look
async def review_inspect(stage: Stage) -> None:
    """Evidence, findings and the history of one column, oldest first."""
    await stage.review("status")
    await stage.press("i")
    await stage.reach(InspectModal)


@look
async def same_name(stage: Stage) -> None:
    """The other column of that name, chosen because its values agree."""
    await stage.review("order_id")
    await stage.press("c")
    await stage.reach(SameNameScreen)


@look
async def rule(stage: Stage) -> None:
    """How sure, without findings, and what that takes."""
    await stage.press("b")
    assert isinstance(stage.app.screen, RuleModal)


@look
async def questions_none(stage: Stage) -> None:
    """No name is unknown."""
    await stage.press("Q")
    await stage.reach(QuestionsScreen)


@look
async def questions(stage: Stage) -> None:
    """The names that would explain the most, what each explains, the glossary."""
    await stage.press("Q")
    await stage.reach(QuestionsScreen)


@look
async def questions_answer(stage: Stage) -> None:
    """A field for what the name means, under what is known of it."""
    await stage.press("Q")
    await stage.reach(QuestionsScreen)
    await stage.press("enter", *"rate plan")


@look
async def accept(stage: Stage) -> None:
    """The exact count, what it covers, what is left out, what a sample would prove."""
    await stage.press("A")
    assert isinstance(stage.app.screen, AcceptModal)


@look
async def sample(stage: Stage) -> None:
    """Two of the sample were looked at, one of them is bad."""
    await stage.press("A", "s")
    await stage.reach(SampleScreen)
    await stage.press("a", "r")


@look
async def write_plan(stage: Stage) -> None:
    """Each statement, and the whole SQL of the first below."""
    await stage.press("w")
    assert isinstance(stage.app.screen, WriteScreen)


@look
async def write_nothing(stage: Stage) -> None:
    """Nothing is accepted, so nothing can be written; how to go back."""
    await stage.press("w")
    assert isinstance(stage.app.screen, WriteScreen)


@look
async def write_confirm(stage: Stage) -> None:
    """How many comments go where, before anything is written."""
    await stage.press("w", "enter")
    assert isinstance(stage.app.screen, ConfirmModal)


@look
async def write_results(stage: Stage) -> None:
    """What became of each, and the key that takes it back."""
    await stage.press("w", "enter", "y")
    assert isinstance(stage.app.screen, WriteScreen)
    await until(stage.pilot, lambda: not stage.app.workers._workers)


@look
async def write_conflict(stage: Stage) -> None:
    """One comment was changed meanwhile: not written, and whose text is there."""
    await stage.press("w", "enter", "y")
    await until(stage.pilot, lambda: not stage.app.workers._workers)
    await stage.press("f")


@look
async def write_taken_back(stage: Stage) -> None:
    """Everything is as it was before the run."""
    await stage.press("w", "enter", "y")
    await until(stage.pilot, lambda: not stage.app.workers._workers)
    await stage.press("b", "y")
    await until(stage.pilot, lambda: not stage.app.workers._workers)


@look
async def figures_empty(stage: Stage) -> None:
    """Nothing was decided yet: coverage alone, and what to do."""
    await stage.press("m")
    await stage.reach(FiguresScreen)


@look
async def figures_data(stage: Stage) -> None:
    """Charts and numbers: coverage, acceptance, reasons, pace, whose words stand."""
    await stage.press("m")
    await stage.reach(FiguresScreen)


@look
async def sign_off(stage: Stage) -> None:
    """Decisions of two stewards: one approved, one refused, one is one's own."""
    await stage.sign_off()
    await stage.press("a", "r")


@look
async def sign_off_nothing_open(stage: Stage) -> None:
    """All were looked at; which keys list them again and sign."""
    await stage.sign_off()
    await stage.press("A", "y", "j", "j", "r", "f")


@look
async def sign_off_confirm(stage: Stage) -> None:
    """As whom, how many of which kind, and into which file."""
    await stage.sign_off()
    await stage.press("a", "w")
    assert isinstance(stage.app.screen, ConfirmModal)


@look
async def password(stage: Stage) -> None:
    """Whose password, dots for what is typed, and where it may be kept."""
    url = "postgresql://steward@db.example/warehouse"
    stage.app.push_screen(PasswordModal(url, can_keep=True))
    await stage.reach(PasswordModal)
    await stage.press(*"secret")


@look
async def counting(stage: Stage) -> None:
    """A great many are counted, and how to leave it."""
    assert stage.app.session is not None
    many = "1,163,212 drafts"
    modal = CountingModal(stage.app.session, lambda *_: Choice(), many)
    stage.app.push_screen(modal)
    await stage.reach(CountingModal)


@look
async def help_keys(stage: Stage) -> None:
    """What the screen is for, and its keys."""
    await stage.review()
    await stage.press("f1")
    assert isinstance(stage.app.screen, HelpModal)


@look
async def palette(stage: Stage) -> None:
    """What can be done here, by name."""
    await stage.press("ctrl+p")
    await stage.press(*"acc")
    assert isinstance(stage.app.screen, Palette)
    await until(stage.pilot, lambda: not stage.app.workers._workers)


# What is there before the app starts


@pytest.fixture(autouse=True)
def _fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No path of this machine is on the screen."""

    def opened(settings: Settings, target: str, **options: str | None) -> Session:
        session = open_session(settings, target, **options)
        named = replace(session.database.identity, label=LABEL)
        monkeypatch.setattr(session.database, "identity", named)
        return session

    monkeypatch.setattr(picker, "open_session", opened)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    # How long the machine takes does not change what is said.
    monkeypatch.setattr(welcome, "HINT_SECONDS", 600)
    monkeypatch.setattr(ColumnistApp, "NOTIFICATION_TIMEOUT", 600)
    # It would be over at once.
    monkeypatch.setattr(CountingModal, "_count", lambda _: None)
    # The sample is drawn at random: here it is the first ones.
    monkeypatch.setattr(
        "catalog.choice.Choice.sample", lambda self, size, _: list(self.ids)[:size]
    )


def prepare(state: str, settings: Settings, shop: Path) -> str | None:
    """Fill the workspace for a state; what to open."""
    if state.startswith("picker"):
        if state == "picker_saved":
            connections = Connections(settings.connections)
            connections.add("production", "postgresql://steward@db.example/warehouse")
            connections.add("shop", "mysql://steward@db.example/shop")
            with Workspace(settings.workspace) as workspace:
                for name in ("archive", "warehouse"):
                    url = f"postgresql://steward@old.example/{name}"
                    workspace.database(
                        DatabaseIdentity(name, f"postgresql {name}"), url=url
                    )
        return None
    if state == "catalog_empty":
        duckdb.connect(str(shop.with_name("empty.duckdb"))).close()
        return f"duckdb:///{shop.with_name('empty.duckdb')}"
    if state in ("questions", "questions_answer"):
        run_in(shop, "CREATE TABLE sales.plans (rpid INTEGER, old_rpid INTEGER)")
        run_in(shop, "CREATE TABLE sales.moves (from_rpid INTEGER, wvxq VARCHAR)")
    url = f"duckdb:///{shop}"
    session = attach(settings, Workspace(settings.workspace), open_database(url))
    for _ in scanning.scan(session):
        pass
    work = draft_plan.plan_drafts(session).work
    targets = [t for table in sorted(work, key=str) for t in work[table]]
    drafts = []
    for number, target in enumerate(targets):
        finding = (Finding.LEAK,) if number % 7 == 3 else ()
        text = f"What {target.name} is, in the words of the business."
        source = (Source.MODEL, Source.RULES, Source.INHERITED)[number % 3]
        draft = Draft(target, text, source, (number % 10) / 10, finding, model="small")
        if number % 5 == 2:
            draft = replace(draft, text=None, guess="Perhaps a code.")
        drafts.append((draft, None))
    session.suggestions.put(drafts)
    if state not in ("write_nothing", "figures_empty", "same_name"):
        decide(session)
    if state == "review_pair":
        # Another key than the file's, whose path is another every time.
        pairs = Pairs(session.workspace, session.database_id, "shop", ("big", "small"))
        for model, text in (("big", "Day of the order."), ("small", "Date of it.")):
            draft = Draft(
                ColumnId(ORDERS, "order_date"), text, Source.MODEL, 0.5, model=model
            )
            pairs.put(model, [(draft, None)])
    # The charts of coverage must not look otherwise tomorrow.
    with session.workspace.transaction() as db:
        db.execute("UPDATE coverage_history SET at = '2026-03-02T08:00:00+00:00'")
    session.close()
    if state == "write_conflict":
        run_in(shop, "COMMENT ON COLUMN sales.orders.status IS 'Theirs.'")
    return url


def run_in(shop: Path, sql: str) -> None:
    """Another program's statement."""
    with duckdb.connect(str(shop)) as connection:
        connection.execute(sql)


def decide(session: Session) -> None:
    """Accept, edit, reject; one is in conflict, one abstained."""
    orders = session.suggestions.of_table(TableId("sales", "orders"))
    by_name = {target.name: each for target, each in orders.items()}
    session.suggestions.accept([by_name["total_amount"]])
    session.suggestions.edit(by_name["status"], "How far the order is.")
    rest = [s for s in session.suggestions.all() if s.target not in orders]
    for number, each in enumerate(rest):
        if number % 3 == 1:
            session.suggestions.accept([each])
        elif number % 3 == 2:
            session.suggestions.reject([each], reason=("vague", "wrong")[number % 2])
    with session.workspace.transaction() as db:
        for name, state, reason in (
            ("order_id", "conflict", "the comment was changed meanwhile: Theirs."),
            ("customer_id", "abstained", None),
        ):
            db.execute(
                "UPDATE suggestions SET state = ?, reason = ?, text = CASE ? WHEN"
                " 'abstained' THEN NULL ELSE coalesce(text, 'The number of an order.')"
                " END, guess = 'Perhaps a code.' WHERE current AND name = 'orders'"
                " AND column_name = ?",
                (state, reason, state, name),
            )
        # The charts have an axis of time.
        db.execute(
            "UPDATE decisions SET at = strftime('%Y-%m-%dT%H:%M:%S+00:00',"
            " '2026-03-02', (id * 20) || ' seconds')"
        )
        db.execute("UPDATE decisions SET who = 'ann'")
        db.execute("UPDATE suggestions SET created_at = '2026-03-01T08:00:00+00:00'")


# The tests


@pytest.mark.parametrize("name", [*STATES])
async def test_looks(
    name: str, settings: Settings, shop: Path, request: pytest.FixtureRequest
) -> None:
    app = ColumnistApp(settings, prepare(name, settings, shop))
    async with app.run_test(size=SIZES[1]) as pilot:
        stage = Stage(app, pilot)
        if not name.startswith("picker"):
            await stage.reach(CatalogScreen)
            tables = app.screen.query_one("#tables", RowList)
            full = name != "catalog_empty"
            await until(pilot, lambda: (len(tables.found) > 0) == full)
        await STATES[name](stage)
        await settled(app, pilot)
        for size in SIZES:
            await pilot.resize_terminal(*size)
            lines = await still(app, pilot)
            nothing_important_is_cut(app, lines, size)
            compare(f"{name}-{size[0]}x{size[1]}", lines, request)
        app.close_session()


async def test_too_small(
    settings: Settings, shop: Path, request: pytest.FixtureRequest
) -> None:
    """The size that is needed, the size that there is, and how to quit."""
    app = ColumnistApp(settings, prepare("catalog_all", settings, shop))
    async with app.run_test(size=SIZES[0]) as pilot:
        await Stage(app, pilot).reach(CatalogScreen)
        for size in ((40, 12), (69, 24), (30, 5)):
            await pilot.resize_terminal(*size)
            await Stage(app, pilot).reach(TooSmallModal)
            lines = await still(app, pilot)
            compare(f"too_small-{size[0]}x{size[1]}", lines, request)
        app.close_session()


def test_every_look_belongs_to_a_state() -> None:
    known = {f"{name}-{w}x{h}" for name in STATES for w, h in SIZES}
    files = {file.stem for file in LOOKS.glob("*.txt")}
    assert {each for each in files if not each.startswith("too_small")} == known
    assert all(state.__doc__ for state in STATES.values())


async def still(app: ColumnistApp, pilot: Pilot[None]) -> list[str]:
    """What is drawn once nothing moves any more."""
    before, now = [""], drawn(app)
    while now != before:
        await pilot.pause(0.1)
        before, now = now, drawn(app)
    return now


def drawn(app: ColumnistApp) -> list[str]:
    """What the terminal shows, one line a row, without the blanks at the end."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


def nothing_important_is_cut(
    app: ColumnistApp, lines: list[str], size: tuple[int, int]
) -> None:
    """Nothing is wider than the terminal; title and keys are there."""
    width, height = size
    assert len(lines) == height
    assert max(cell_len(line) for line in lines) <= width
    screen = app.screen
    titles = [*screen.query(".title"), *screen.query(".modal-title")]
    for title in titles:
        text = str(title.render()).strip()
        assert any(text[:40] in line for line in lines), f"{text} is cut"
    for footer in screen.query(Footer):
        keys = [b for _, b, on, _ in screen.active_bindings.values() if b.show and on]
        known = {b.description for b in keys}
        shown = [word for word in known if word and word in lines[footer.region.y]]
        assert set(shown) == {word for word in known if word}, lines[footer.region.y]
    for line_of_keys in screen.query(".modal-keys"):
        text = str(line_of_keys.render()).strip()
        assert any(text in line for line in lines), f"{text} is cut"


def compare(name: str, lines: list[str], request: pytest.FixtureRequest) -> None:
    """Hold what is drawn against the file, or write it there."""
    file = LOOKS / f"{name}.txt"
    if request.config.getoption("--update-looks"):
        LOOKS.mkdir(exist_ok=True)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return
    wanted = file.read_text(encoding="utf-8").split("\n")[:-1] if file.exists() else []
    if wanted != lines:
        difference = "\n".join(
            difflib.unified_diff(wanted, lines, file.name, "now", lineterm="", n=1)
        )
        pytest.fail(
            f"{difference}\n\nIf it is meant: make test PYTEST='tests/tui/test_looks.py"
            " --update-looks', and look at the difference.",
            pytrace=False,
        )
