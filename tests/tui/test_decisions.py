"""`columnist decisions`: out, looked at, signed by somebody else, and in again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.approvals import canonical, digest_of
from catalog.objects import make_target
from catalog.sign_off_file import load, save
from catalog.suggestion import Draft, Source
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from connectors.connect import identify
from tests.conftest import comments
from tests.model.test_pack import keys
from tests.tui.test_commands import Done

HOSTILE = "[red]x[/] \x1b[31m\x1b]8;;http://evil\x07 \u202eabc\u009b2J"
COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]
Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The program as one of several people, each with a workspace of their own."""

    def call(who: str, *arguments: object) -> Done:
        done = subprocess.run(
            [*COLUMNIST, *map(str, arguments)],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=os.environ
            | {"LOGNAME": who, "COLUMNIST_WORKSPACE": str(tmp_path / f"{who}.db")},
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def url(shop: Path) -> str:
    return f"duckdb:///{shop}"


@pytest.fixture
def exported(run: Run, url: str, shop: Path, tmp_path: Path) -> Path:
    """Ann's decisions on orders: the table, and two columns."""
    assert run("ann", "scan", url).code == 0
    identity = identify(url)
    with Workspace(tmp_path / "ann.db") as workspace:
        number = workspace.database(identity, url=url)
        Suggestions(workspace, number).put(
            (Draft(make_target("sales", "orders", c), text, Source.MODEL, 0.5), None)
            for c, text in ((None, "Orders."), ("status", "Its state."))
        )
    assert run("ann", "accept", url, "--all").code == 0
    path = tmp_path / "decisions.json"
    done = run("ann", "decisions", "export", url, "-o", path)
    assert (done.code, done.err) == (0, f"Wrote 2 decisions to {path}.\n")
    return path


def test_the_whole_way(
    run: Run, url: str, shop: Path, exported: Path, tmp_path: Path
) -> None:
    before = comments(shop)
    again = run("ann", "decisions", "export", url, "-o", exported)
    assert (again.code, "already" in again.err) == (2, True)
    printed = run("ann", "decisions", "export", url, "-o", "-").json
    assert printed["items"] == json.loads(exported.read_text())["items"]
    assert run("ann", "decisions", "export", url, "-o", "/dev/null").code == 0
    own = run("ann", "decisions", "sign", exported)
    assert own.code == 3
    assert "ann decided all of this" in own.err
    assert run("bob", "decisions", "sign", exported, "--by", "Ann").code == 3
    nobody = run("carl", "decisions", "import", url, exported, "--require-approval")
    assert nobody.code == 3
    assert "nobody approved it" in nobody.out
    unknown = run("bob", "decisions", "sign", exported, "--reject", "sales.nothing")
    assert unknown.code == 2
    signed = run(
        "bob", "decisions", "sign", exported, "--reject", "sales.orders.status"
    )
    assert signed.out == "bob approved 1 decision and refused 1.\n"
    shown = run("bob", "decisions", "review", exported)
    assert "accepted, unseen sales.orders  ann" in shown.out
    assert "refused by bob" in shown.out
    document = run("bob", "decisions", "review", exported, "--json").json
    assert document["counts"] == {
        **{"approved": 1, "refused": 1, "open": 0},
        "unsigned": 0,
    }
    assert [each["standing"] for each in document["items"]] == ["approved", "refused"]
    taken = run(
        "carl", "decisions", "import", url, exported, "--require-approval", "--json"
    )
    assert taken.code == 3  # something was left out
    assert taken.json["staged"] == 1
    assert taken.json["left_out"] == [
        {
            "schema": "sales",
            "table": "orders",
            "column": "status",
            "reason": "bob refused it",
        }
    ]
    assert comments(shop) == before
    assert run("carl", "apply", url, "--yes").code == 0
    assert comments(shop)["sales", "orders", None] == "Orders."
    with Workspace(tmp_path / "carl.db") as workspace:
        rows = workspace.rows("SELECT who, reason_after FROM decisions")
        assert [tuple(row) for row in rows] == [("ann", "approved by bob")]
    home = run("ann", "decisions", "import", url, exported)
    assert "refused   sales.orders.status: it is to decide again" in home.out


def test_decisions_of_another_database_are_refused(
    run: Run, exported: Path, shop: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.duckdb"
    shutil.copy(shop, other)
    refused = run("carl", "decisions", "import", f"duckdb:///{other}", exported)
    assert refused.code == 3
    assert "--any-database" in refused.err
    taken = run(
        *("carl", "decisions", "import", f"duckdb:///{other}", exported),
        "--any-database",
    )
    assert taken.code == 0
    assert "Took 2 decisions" in taken.out


def test_only_signatures_of_the_approvers_own_key_count(
    run: Run, url: str, exported: Path, tmp_path: Path
) -> None:
    bob, eve = keys(tmp_path, "bob"), keys(tmp_path, "eve")
    name, _, public = (tmp_path / "bob.signers").read_text().partition(" ")
    assert name == "bob@here"
    signers = tmp_path / "signers"
    signers.write_text(f"bob {public}")
    demand = ("--allowed-signers", signers)

    def imported() -> Done:
        return run("carl", "decisions", "import", url, exported, *demand)

    plain = exported.read_bytes()
    assert run("bob", "decisions", "sign", exported).code == 0
    assert "nobody approved it" in imported().out
    exported.write_bytes(plain)
    assert (
        run("eve", "decisions", "sign", exported, "--by", "bob", "--key", eve).code == 0
    )
    assert "nobody approved it" in imported().out
    review = run("carl", "decisions", "review", exported, *demand)
    assert "a signature that is not theirs" in review.out
    assert run("bob", "decisions", "sign", exported, "--key", bob).code == 0
    review = run("carl", "decisions", "review", exported, *demand)
    assert "signed and valid" in review.out
    # Who refuses what is signed too.
    whole = json.loads(exported.read_text())
    good = exported.read_bytes()
    [approval] = whole["approvals"]
    approval["at"] = "2027-01-01T00:00:00+00:00"
    inner = {k: v for k, v in approval.items() if k not in ("digest", "signature")}
    approval["digest"] = digest_of(canonical(inner))
    exported.write_text(json.dumps(whole))
    assert "nobody approved it" in imported().out
    exported.write_bytes(good)
    # Who decided has to be proved as well.
    done = imported()
    assert (done.code, "ann did not sign" in done.out) == (3, True)
    review = run("carl", "decisions", "review", exported, *demand)
    assert "unsigned by ann" in review.out
    ann = keys(tmp_path, "ann")
    _, _, public = (tmp_path / "ann.signers").read_text().partition(" ")
    assert run("ann", "decisions", "sign", exported, "--key", eve).code == 0
    assert "ann did not sign" in imported().out
    own = run("ann", "decisions", "sign", exported, "--key", ann)
    assert own.out == "ann approved 0 decisions and refused 0.\n"
    assert "signed as such" in own.err
    with signers.open("a") as file:
        file.write(f"ann {public}")
    done = imported()
    assert (done.code, "Took 2 decisions" in done.out) == (0, True)
    # One key is one person, whatever names it is allowed for.
    with signers.open("a") as file:
        file.write(f"dora {public}")
    assert (
        run("x", "decisions", "sign", exported, "--by", "dora", "--key", ann).code == 0
    )
    refused = imported()
    assert (refused.code, "signed with one key" in refused.err) == (3, True)
    missing = run("bob", "decisions", "sign", exported, "--key", tmp_path / "none")
    assert (missing.code, len(missing.err.splitlines())) == (2, 2)


def test_decisions_leave_signed_by_who_made_them(
    run: Run, url: str, exported: Path, tmp_path: Path
) -> None:
    ann, bob = keys(tmp_path, "ann"), keys(tmp_path, "bob")
    signers = tmp_path / "signers"
    signers.write_text(
        "".join(
            f"{name} {(tmp_path / f'{name}.signers').read_text().partition(' ')[2]}"
            for name in ("ann", "bob")
        )
    )
    path = tmp_path / "signed.json"
    export = ("decisions", "export", url, "-o", path)
    assert run("ann", *export, "--key", ann).code == 0
    assert run("bob", "decisions", "sign", path, "--key", bob).code == 0
    demand = ("decisions", "import", url, path, "--allowed-signers", signers)
    done = run("carl", *demand)
    assert (done.code, "Took 2 decisions" in done.out) == (0, True)
    path.unlink()
    none = run("carl", *export, "--key", ann)
    assert (none.code, "carl decided none of this" in none.err) == (3, True)
    assert not path.exists()


def test_a_hostile_file_reaches_no_terminal(
    run: Run, url: str, exported: Path, tmp_path: Path
) -> None:
    document = load(exported)
    item = replace(document.items[0], text=HOSTILE, previous=HOSTILE, reason=HOSTILE)
    document = replace(
        document,
        label=HOSTILE,
        exported_by=HOSTILE,
        items=(item, replace(document.items[1], who=HOSTILE)),
    ).approved(HOSTILE + "2")
    save(document, exported, over=True)
    for arguments in (
        ("review", exported),
        ("review", exported, "--json"),
        ("import", url, exported),
        ("import", url, exported, "--any-database"),
    ):
        done = run("carl", "decisions", *arguments)
        for bad in ("\x1b", "\x07", "\u202e", "\u009b"):
            assert bad not in done.out + done.err
    tampered = exported.read_text().replace("Its state.", "Mine.")
    exported.write_text(tampered)
    for command in ("review", "sign"):
        done = run("bob", "decisions", command, exported)
        assert done.code == 3
        assert "was changed since it was written" in done.err
        assert len(done.err.splitlines()) == 2
    exported.write_text("{}")
    done = run("bob", "decisions", "open", exported)
    assert (done.code, len(done.err.splitlines())) == (2, 2)


def test_nothing_decided_is_said(run: Run, url: str) -> None:
    done = run("ann", "decisions", "export", url)
    assert (done.code, len(done.err.splitlines())) == (3, 2)
