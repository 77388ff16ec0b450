from __future__ import annotations

import ast
import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.errors import ColumnistError
from catalog.files import write_file, write_new

ROOT = Path(__file__).parents[2]
TEXT = "Größe 😀 in €\r\nand more\n"


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    before = os.umask(0o027)
    try:
        write_file(path, TEXT)
    finally:
        os.umask(before)
    assert path.read_bytes() == TEXT.encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["new.csv"]


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o777])
def test_a_file_that_is_there_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "old.csv"
    path.write_text("old")
    path.chmod(mode)
    write_file(path, TEXT)
    assert path.read_bytes() == TEXT.encode()
    assert path.stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_one_and_its_file_is_written(tmp_path: Path, there: bool) -> None:
    file = tmp_path / "elsewhere" / "file.csv"
    file.parent.mkdir()
    if there:
        file.write_text("old")
    link = tmp_path / "link.csv"
    link.symlink_to(Path("elsewhere", "file.csv"))
    write_file(link, TEXT)
    assert link.is_symlink()
    assert file.read_bytes() == TEXT.encode()
    assert os.listdir(file.parent) == ["file.csv"]


def test_a_pipe_gets_the_text_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_file(pipe, TEXT)
    reader.join(10)
    assert read == [TEXT.encode()]
    assert pipe.is_fifo()


def test_a_device_gets_the_text_and_stays_one() -> None:
    write_file(Path("/dev/null"), TEXT)
    assert Path("/dev/null").is_char_device()


WRITE = (
    "import sys; from pathlib import Path; from catalog.files import write_file;"
    " write_file(Path(sys.argv[1]), 'more\\n')"
)


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_what_stdout_holds_before_stays(tmp_path: Path, name: str) -> None:
    path = tmp_path / "log"
    path.write_text("before\n")
    inode = path.stat().st_ino
    with path.open("a") as file:
        subprocess.run([sys.executable, "-c", WRITE, name], stdout=file, check=True)
        file.write("after\n")
    assert path.read_text() == "before\nmore\nafter\n"
    assert path.stat().st_ino == inode
    piped = subprocess.run(
        [sys.executable, "-c", WRITE, name], capture_output=True, check=True
    )
    assert piped.stdout == b"more\n"


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("old")
    with pytest.raises(ColumnistError, match="half a character"):
        write_file(path, "\ud800")
    for wrong in (tmp_path, tmp_path / "nowhere" / "x", path / "x"):
        with pytest.raises(ColumnistError, match=r"directory|Directory") as caught:
            write_file(wrong, TEXT, hint="Choose another.")
        assert caught.value.message.startswith(f"Cannot write {wrong}: ")
        assert caught.value.hint == "Choose another."
    with pytest.raises(ColumnistError, match="Cannot write"):
        write_file(path / "x", TEXT, folders=True)  # a file where a folder has to be
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.csv"]


def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "file.csv"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ColumnistError, match=r"file\.csv: No space left"):
        write_file(path, TEXT)
    with pytest.raises(ColumnistError, match=r"new\.csv: No space left"):
        write_new(tmp_path / "new.csv", TEXT)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.csv"]


KILLED = "import os; os.fsync = lambda _: os.kill(os.getpid(), 9); "


def test_a_kill_in_the_middle_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("old")
    done = subprocess.run([sys.executable, "-c", KILLED + WRITE, str(path)])
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "old"


def test_a_new_file_never_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "new.sql"
    assert write_new(path, TEXT)
    assert not write_new(path, "other")
    assert path.read_bytes() == TEXT.encode()
    with pytest.raises(ColumnistError, match="Cannot write"):
        write_new(tmp_path / "nowhere" / "x", TEXT)
    assert os.listdir(tmp_path) == ["new.sql"]


# Nobody writes by hand

BY_HAND = {
    "catalog/files.py write_new": "the one place",
    "catalog/files.py whole_file": "the one place",
    "connectors/warehouse_file.py write_rows": "in a scratch folder",
    "model/base.py _make": "gguf wrote it in a scratch folder",
    "model/base.py _unzipped": "in a scratch folder",
    "model/cluster/store.py ModelStore.find": "a lock, which is empty",
    "model/cluster/store.py ModelStore.keep": "gigabytes that came in pieces, checked",
    "model/cluster/store.py ModelStore.take": "gigabytes that come in pieces",
    "model/library.py put": "gigabytes, unpacked and checked beside it",
    "model/llama_build.py build": "pip wrote it in a scratch folder",
    "model/pack.py _copy": "in a scratch folder",
    "model/signature.py signing_key": "ssh-keygen reads it; nobody keeps it",
    "model/training/export.py _place": "gguf wrote it; it was verified since",
    "model/training/results.py _write_folder": "a folder is whole when renamed",
    "model/training/source.py carry": "in a folder that is whole when renamed",
    "tui/app/screens/review.py ReviewScreen.action_edit_outside": "in a scratch folder",
    "tui/flow/demo.py demo_warehouse": "DuckDB wrote it",
}
"""Who opens files for writing without `catalog.files`, and why."""
WRITES = {"write_text", "write_bytes", "mkstemp", "NamedTemporaryFile", "rename"}
COPIES = {"copy", "copy2", "copyfile", "copytree", "move"}


def written_by_hand(path: Path) -> Iterator[str]:
    """Each call in a file that writes one, by the function it is in."""

    def visit(node: ast.AST, place: str) -> Iterator[str]:
        if isinstance(node, ast.Call) and writes(node):
            yield f"{path.relative_to(ROOT)} {place}"
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            place = f"{place}.{node.name}".lstrip(".")
        for child in ast.iter_child_nodes(node):
            yield from visit(child, place)

    yield from visit(ast.parse(path.read_text(encoding="utf-8")), "")


def writes(call: ast.Call) -> bool:
    called = call.func
    name = called.attr if isinstance(called, ast.Attribute) else ast.unparse(called)
    if name in WRITES or ast.unparse(called) in {f"shutil.{copy}" for copy in COPIES}:
        return True
    if name == "replace":  # that of a text takes two
        renames = isinstance(called, ast.Attribute) and len(call.args) == 1
        return renames or ast.unparse(called) == "os.replace"
    modes = [
        part.value
        for given in (*call.args, *(keyword.value for keyword in call.keywords))
        for part in ast.walk(given)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    return name == "open" and any(
        set(mode) <= set("rwxabt+") and set(mode) & set("wx+") for mode in modes
    )


def test_every_file_is_written_by_the_one_place() -> None:
    folders = ("catalog", "connectors", "model", "tui")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    found = {place for path in files for place in written_by_hand(path)}
    assert found == set(BY_HAND)


def test_what_writes_by_hand_is_seen() -> None:
    calls = (
        "path.open('w')",
        "open(path, mode='w' if fresh else 'a')",
        "path.write_text(text)",
        "os.replace(a, b)",
        "partial.replace(path)",
        "shutil.copyfile(a, b)",
    )
    assert all(writes(called(each)) for each in calls)
    others = (
        "path.open()",
        "open(path, 'a')",
        "text.replace('a', 'b')",
        "replace(a, b=1)",
    )
    assert not any(writes(called(each)) for each in others)


def called(text: str) -> ast.Call:
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    return call
