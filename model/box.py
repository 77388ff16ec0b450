"""What a process may not do that works on a model file: reach others, or start one.

Anybody can have made the file, so whatever reads it may be taken over. Two bars hold
then. Python's audit hook refuses what Python itself does. Where the kernel takes a
filter of system calls from anybody (seccomp: Linux on x86-64 and arm64, in containers
too), native code makes no socket and no process either, nor gets at another process's
memory. Drivers of a GPU do all of that as they begin, so the filter goes up after them.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from pathlib import Path
from typing import Any

REACHING: tuple[str, ...] = ("socket.", "subprocess.", "os.exec", "os.fork")
REACHING += ("os.posix_spawn", "os.spawn", "os.startfile", "os.system", "pty.spawn")
"""How the names begin of what Python says before it reaches out of its process."""
LOADING = ("ctypes.dlopen", "ctypes.dlsym")
"""The same before it can call another native function."""

_CALLS = {
    "x86_64": (317, 0xC000003E, 56, 41, 57, 58, 59, 101, 310, 311, 322, 425, 438),
    "aarch64": (277, 0xC00000B7, 220, 117, 198, 221, 270, 271, 281, 425, 438),
}
"""A machine's `seccomp`, its mark, its `clone`, and what is refused: socket, fork,
vfork, execve, ptrace, process_vm_readv, process_vm_writev, execveat, io_uring_setup and
pidfd_getfd."""
_CLONE3 = 435
_CLONE_THREAD = 0x10000
_FOREIGN_ABI = 0x40000000
"""Calls of x86-64's other ABI, which have other numbers."""
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000


def command(module: str, argument: int | None = None) -> list[str]:
    """How to start a process of ours that runs a module's `main`."""
    root = str(Path(__file__).resolve().parent.parent)
    given = "" if argument is None else argument
    code = f"import sys; sys.path.insert(0, {root!r}); from {module} import main; "
    return [sys.executable, "-P", "-c", f"{code}main({given})"]


def refuse_reaching() -> None:
    """From now on Python makes no socket and no process here."""
    sys.addaudithook(_reaching)


def close() -> str:
    """The whole box, once all libraries are loaded; what holds, for people."""
    fault = _filter_calls()
    sys.addaudithook(_loading)
    if fault:
        return f"Python alone refuses sockets and new processes: {fault}"
    return "kernel (seccomp) and Python refuse sockets and new processes"


def _reaching(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(REACHING):
        raise PermissionError("a process that reads a model has no network, no others")


def _loading(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(LOADING):
        raise PermissionError("a process that reads a model loads nothing more")


def _filter_calls() -> str:
    """Have the kernel refuse; why it does not, or empty."""
    machine = platform.machine()
    wide = sys.maxsize > 1 << 32  # a narrow Python has other calls, on any kernel
    if sys.platform != "linux" or machine not in _CALLS or not wide:
        bits = 64 if wide else 32
        return f"there is no filter for {sys.platform} on {machine}, {bits} bits"
    seccomp, *numbers = _CALLS[machine]
    program = _program(*numbers)
    steps = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(steps))
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, mode_filter, all_threads, full_speed = 38, 1, 1, 4
    if libc.prctl(no_new_privileges, 1, 0, 0, 0):
        return os.strerror(ctypes.get_errno())
    if libc.syscall(seccomp, mode_filter, all_threads | full_speed, head):
        return os.strerror(ctypes.get_errno() or errno.EBUSY)
    return ""


def _program(mark: int, clone: int, *refused: int) -> bytes:
    """The filter: a call's number decides, of `clone` whether it makes a thread."""
    # An instruction is a code, how many to skip if it holds and if not, and a figure.
    count = len(refused)
    steps = [
        (_LOAD, 0, 0, 4),  # the machine
        (_EQUAL, 1, 0, mark),
        (_RETURN, 0, 0, _REFUSE | errno.EPERM),
        (_LOAD, 0, 0, 0),  # the call
        (_AT_LEAST, count + 4, 0, _FOREIGN_ABI),
        (_EQUAL, count + 4, 0, _CLONE3),  # libraries then take `clone`
        *((_EQUAL, count + 2 - at, 0, call) for at, call in enumerate(refused)),
        (_EQUAL, 0, 4, clone),
        (_LOAD, 0, 0, 16),  # its flags
        (_ANY_BIT, 2, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _REFUSE | errno.EPERM),
        (_RETURN, 0, 0, _REFUSE | errno.ENOSYS),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
