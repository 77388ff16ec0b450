from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from catalog.addresses import DatabaseIdentity
from catalog.errors import ColumnistError
from catalog.lease import Lease
from catalog.workspace import Workspace


def test_a_second_holder_is_told_who_the_first_is(workspace: Workspace) -> None:
    number = workspace.database(DatabaseIdentity("k", "l"), url="u")
    with Lease(workspace, number, "draft"):
        with pytest.raises(ColumnistError, match=f"process {os.getpid()}"):
            Lease(workspace, number, "draft").__enter__()
        with Lease(workspace, number, "apply"):
            pass
    with Lease(workspace, number, "draft"):
        pass


def test_a_holder_that_was_killed_is_replaced(
    workspace: Workspace, tmp_path: Path
) -> None:
    number = workspace.database(DatabaseIdentity("k", "l"), url="u")
    code = f"""
        import os, signal
        from pathlib import Path
        from catalog.lease import Lease
        from catalog.workspace import Workspace
        workspace = Workspace(Path({str(workspace.path)!r}))
        with Lease(workspace, {number}, "draft"):
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert done.returncode == -9
    assert workspace.row("SELECT * FROM leases") is not None
    with Lease(workspace, number, "draft"):
        pass
