from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from catalog.whole_file import write_whole

TEXT = "Größe 😀 in €\r\nand more\n"


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    before = os.umask(0o027)
    try:
        write_whole(path, TEXT)
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
    write_whole(path, TEXT)
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
    write_whole(link, TEXT)
    assert link.is_symlink()
    assert file.read_bytes() == TEXT.encode()
    assert os.listdir(file.parent) == ["file.csv"]


def test_a_pipe_gets_the_text_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, TEXT)
    reader.join(10)
    assert read == [TEXT.encode()]
    assert pipe.is_fifo()


def test_a_device_gets_the_text_and_stays_one() -> None:
    write_whole(Path("/dev/null"), TEXT)
    assert Path("/dev/null").is_char_device()


WRITE = (
    "import sys; from pathlib import Path; from catalog.whole_file import write_whole;"
    " write_whole(Path(sys.argv[1]), 'more\\n')"
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
    with pytest.raises(OSError, match="half a character"):
        write_whole(path, "\ud800")
    for wrong in (tmp_path, tmp_path / "nowhere" / "x", path / "x"):
        with pytest.raises(OSError, match=r"directory|Directory"):
            write_whole(wrong, TEXT)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.csv"]
