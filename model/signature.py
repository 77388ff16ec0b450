"""Signatures with SSH keys, made and checked by `ssh-keygen -Y`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from catalog.errors import ColumnistError, UsageError


@dataclass(frozen=True, slots=True)
class Signers:
    """Whose signature is demanded."""

    allowed: Path
    """An allowed signers file, as ssh-keygen(1) has it."""
    identity: str
    """The principal in it."""


def sign(data: bytes, key: Path, namespace: str, *, ask: bool = True) -> bytes:
    """The signature of some bytes with an SSH key.

    Args:
        data: what is signed.
        key: a private key, or the public half of one that an agent holds.
        namespace: what signatures are for; one made for something else does not count.
        ask: a passphrase may be asked for at the terminal.

    Raises:
        ColumnistError: it cannot be made.
    """
    if not key.is_file():
        raise UsageError(f"There is no key {key}.", "Give an SSH private key.")
    done = _ssh_keygen(
        "sign", "-q", "-f", str(key), "-n", namespace, given=data, ask=ask
    )
    if done.returncode or not done.stdout:
        raise ColumnistError(
            f"ssh-keygen does not sign with {key}: {_last(done.stderr)}", ""
        )
    return done.stdout


def signing_key(
    data: bytes, signature: bytes, signers: Signers, namespace: str
) -> str | None:
    """The fingerprint of the key by which the one that is demanded signed some bytes.

    None where they were not signed so.

    Raises:
        UsageError: there is no allowed signers file.
        ColumnistError: ssh-keygen is not installed.
    """
    if not signers.allowed.is_file():
        raise UsageError(
            f"There is no file {signers.allowed}.",
            "Give an allowed signers file: a line has a name and a public key.",
        )
    with tempfile.NamedTemporaryFile(suffix=".sig") as file:
        file.write(signature)
        file.flush()
        done = _ssh_keygen(
            *("verify", "-f", str(signers.allowed), "-I", signers.identity),
            *("-n", namespace, "-s", file.name),
            given=data,
        )
    # "Good "…" signature for … with ED25519 key SHA256:…"
    words = done.stdout.decode("utf-8", "replace").split()
    return words[-1] if done.returncode == 0 and words else None


def _ssh_keygen(
    *arguments: str, given: bytes, ask: bool = True
) -> subprocess.CompletedProcess[bytes]:
    """Run ssh-keygen; it asks for a passphrase only where there is a terminal.

    Raises:
        ColumnistError: it is not installed.
    """
    program = shutil.which("ssh-keygen")
    if program is None:
        raise ColumnistError(
            "Signatures need ssh-keygen, and it is not there.", "Install OpenSSH."
        )
    return subprocess.run(
        [program, "-Y", *arguments],
        input=given,
        capture_output=True,
        check=False,
        start_new_session=not ask or not sys.stdin.isatty(),
    )


def _last(text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it gave no reason"
