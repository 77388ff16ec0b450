"""What a process that reads a model file tries, and does not get."""

from __future__ import annotations

import errno
import os
import signal
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from model.box import _CALLS, _program

HOLDS = "kernel (seccomp) and Python refuse sockets and new processes"


def inside(code: str, start: str = "refuse_reaching()") -> str:
    """What code prints in a process of its own, after the box is made."""
    head = (
        "import ctypes, os, socket, subprocess, sys, threading\nfrom model import box"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{head}\nbox.{start}\n{textwrap.dedent(code)}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.socket()",
        "socket.socketpair()",
        "socket.create_connection(('127.0.0.1', 9))",
        "socket.create_server(('127.0.0.1', 0))",
        "socket.getaddrinfo('localhost', 80)",
        "socket.gethostbyname('localhost')",
        "socket.fromfd(0, socket.AF_INET, socket.SOCK_STREAM)",
        "socket.SocketType()",
        "__import__('_socket').socket()",
        "__import__('asyncio').run(__import__('asyncio').sleep(0))",
        "__import__('urllib.request').request.urlopen('http://127.0.0.1:9')",
        "subprocess.run(['true'])",
        "os.system('true')",
        "os.popen('true')",
        "os.execv('/bin/true', ['true'])",
        "os.execvpe('true', ['true'], {})",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "os.posix_spawnp('true', ['true'], {})",
        "os.spawnv(os.P_WAIT, '/bin/true', ['true'])",
        "os.fork()",
        "os.forkpty()",
        "__import__('pty').spawn(['true'])",
        "__import__('multiprocessing').Process(target=print).start()",
    ],
)
def test_python_reaches_nothing(attempt: str) -> None:
    code = f"""
        try:
            {attempt}
        except OSError as error:
            print(error)
    """
    assert "no network, no others" in inside(code)


@pytest.mark.parametrize(
    "attempt", ["ctypes.CDLL('libm.so.6')", "ctypes.pythonapi.PyRun_SimpleString"]
)
def test_nothing_is_loaded_once_all_is(attempt: str) -> None:
    code = f"""
        try:
            {attempt}
        except PermissionError as error:
            print(error)
    """
    assert inside(code, "close()").endswith("loads nothing more")


NATIVE = """
    libc = ctypes.CDLL(None, use_errno=True)
    calls = [libc.socket, libc.fork, libc.vfork, libc.execv, libc.ptrace, libc.syscall]
    running = threading.Event()
    def try_all():
        running.wait()
        for family in (1, 2, 10, 16, 40):
            print("socket", libc.socket(family, 1, 0), ctypes.get_errno())
        print("fork", libc.fork(), ctypes.get_errno())
        print("execv", libc.execv(b"/bin/true", None), ctypes.get_errno())
        print("ptrace", libc.ptrace(0, 0, 0, 0), ctypes.get_errno())
        print("io_uring", libc.syscall(425, 1, None), ctypes.get_errno())
    before = threading.Thread(target=try_all)
    before.start()
    said = box.close()
    running.set()
    before.join()
    after = threading.Thread(target=try_all)
    after.start()
    after.join()
    print(said)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
def test_native_code_reaches_nothing_in_any_thread() -> None:
    *tried, said = inside(NATIVE).splitlines()
    assert said == HOLDS
    assert len(tried) == 18
    assert {line.split(maxsplit=1)[1] for line in tried} == {"-1 1"}


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ("box.platform.machine = lambda: 'riscv64'", "riscv64"),
        ("sys.maxsize = 2**31 - 1", "32 bits"),
        ("sys.platform = 'darwin'", "darwin"),
    ],
)
def test_a_machine_without_the_filter_goes_on_and_says_so(
    other: str, named: str
) -> None:
    code = f"""
        {other}
        print(box.close())
        try:
            socket.socket()
        except PermissionError:
            print("refused")
    """
    said, refused = inside(code).splitlines()
    assert said.startswith("Python alone")
    assert named in said
    assert refused == "refused"


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
def test_a_kernel_that_refuses_is_told_apart() -> None:
    code = """
        box._CALLS = {box.platform.machine(): (100_000, 0, 0)}
        print(box.close())
    """
    assert inside(code) == (
        "Python alone refuses sockets and new processes: Function not implemented"
    )


@pytest.mark.parametrize("machine", _CALLS)
def test_the_filter_decides_as_it_should_on_every_machine(machine: str) -> None:
    """Run here, as most machines are not at hand."""
    _, mark, clone, *refused = _CALLS[machine]
    program = _program(mark, clone, *refused)

    def decides(call: int, flags: int = 0, where: int = mark) -> str:
        values = {0: call, 4: where, 16: flags}
        taken, at = 0, 0
        while True:
            code, so, not_so, figure = struct.unpack_from("HBBI", program, 8 * at)
            at += 1
            match code:
                case 0x20:
                    taken = values[figure]
                case 0x15:
                    at += so if taken == figure else not_so
                case 0x35:
                    at += so if taken >= figure else not_so
                case 0x45:
                    at += so if taken & figure else not_so
                case 0x06:
                    return {0x7FFF0000: "yes"}.get(figure, os.strerror(figure & 0xFFF))

    no = os.strerror(errno.EPERM)
    assert {decides(call) for call in refused} == {no}
    assert decides(clone, flags=0x3D0F00) == "yes"  # of a thread
    assert decides(clone, flags=signal.SIGCHLD) == no
    assert decides(435) == os.strerror(errno.ENOSYS)
    others = set(range(500)) - {*refused, clone, 435}
    assert {decides(call) for call in others} == {"yes"}
    assert decides(0, where=mark ^ 1) == decides(0x40000000) == no
