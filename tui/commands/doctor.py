"""`columnist doctor`: what works on this machine, and what to do about the rest."""

from __future__ import annotations

import locale
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import typer

from catalog.errors import ColumnistError, ExitCode
from catalog.workspace import Workspace
from model.remote import RemoteEngine, RemoteModel
from tui.commands import console
from tui.commands.options import Json, settings
from tui.flow.connections import Connections
from tui.flow.model_choice import engine_settings, find_model
from tui.flow.settings import Settings
from tui.flow.text import count, plain

DRIVERS = {
    "duckdb": "DuckDB",
    "psycopg": "PostgreSQL",
    "pymysql": "MySQL and MariaDB",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report."""

    name: str
    """What was looked at."""
    ok: bool
    """Whether it works."""
    detail: str
    """What was found, and why."""
    hint: str = ""
    """What to do, where it does not work."""


def run(context: typer.Context, json: Json = False) -> None:
    """Check the model, the GPU, the drivers, the workspace and the terminal."""
    options = settings(context)
    checks = [
        *_drivers(),
        _guarded("workspace", lambda: _workspace(options)),
        _guarded("connections", lambda: _connections(options)),
        _keyring(),
        _terminal(),
        *_engine(options),
    ]
    if json:
        console.out_json(checks)
    else:
        for check in checks:
            mark = "ok  " if check.ok else "no  "
            console.out(f"{mark}{check.name:<15} {plain(check.detail)}")
            if check.hint:
                console.out(f"{'':<19} {plain(check.hint)}")
    if not all(check.ok for check in checks):
        raise typer.Exit(ExitCode.REFUSED)


def _drivers() -> list[Check]:
    return [
        Check(
            label,
            find_spec(module) is not None,
            f"driver {module}" + ("" if find_spec(module) else " is not installed"),
            "" if find_spec(module) else f"Install it: pip install {module}",
        )
        for module, label in DRIVERS.items()
    ]


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except ColumnistError as error:
        return Check(name, False, error.message, error.hint)


def _workspace(options: Settings) -> Check:
    with Workspace(options.workspace, waiting=options.waiting) as workspace:
        number = len(workspace.databases())
    free = shutil.disk_usage(options.workspace.parent).free / 2**30
    return Check(
        "workspace",
        free > 0.1,
        f"{options.workspace}: {count(number, 'database')}, {free:.1f} GiB free",
        "" if free > 0.1 else "Free some disk space.",
    )


def _connections(options: Settings) -> Check:
    number = len(Connections(options.connections).all())
    return Check("connections", True, f"{options.connections}: {number} saved")


def _keyring() -> Check:
    import keyring

    name = type(keyring.get_keyring()).__module__
    if name.endswith("fail"):
        return Check(
            "keyring",
            True,
            "none on this machine: passwords are not saved",
            "Use --password-env NAME or COLUMNIST_PASSWORD, or be asked.",
        )
    return Check("keyring", True, name)


def _terminal() -> Check:
    if not sys.stdout.isatty():
        return Check("terminal", True, "none: output goes to a file or pipe")
    size = shutil.get_terminal_size()
    encoding = sys.stdout.encoding or locale.getpreferredencoding(False)
    fits = size.columns >= 80 and size.lines >= 24
    utf8 = encoding.lower().replace("-", "") == "utf8"
    colours = os.environ.get("COLORTERM") or os.environ.get("TERM", "unknown")
    hint = "" if fits else "The app needs 80x24; make the window larger."
    if not utf8:
        hint = "Set a UTF-8 locale, such as LANG=C.UTF-8, to see all characters."
    return Check(
        "terminal",
        fits and utf8,
        f"{size.columns}x{size.lines}, {encoding}, {colours}",
        hint,
    )


def _remote(model: RemoteModel) -> Check:
    where = f"{model.name} (remote)"
    try:
        with RemoteEngine(model) as engine:
            served = engine.start()
    except ColumnistError as error:
        return Check("model", False, f"{where}: {error.message}", error.hint)
    key = "with a key" if model.endpoint.key else "without a key"
    return Check(
        "model",
        True,
        f"{served.name} (remote): reachable {key},"
        f" at most {count(engine.requests, 'request')} at once,"
        f" {model.format.value} prompt",
    )


def _engine(options: Settings) -> list[Check]:
    from model.engine import Engine

    try:
        model = find_model(options)
        if isinstance(model, RemoteModel):
            return [_remote(model)]
        with Engine(engine_settings(model, options)) as engine:
            facts = engine.start()
            note, holds = engine.note, engine.holds
    except ColumnistError as error:
        return [Check("model", False, error.message, error.hint)]
    loaded = Check(
        "model",
        not note,
        f"{model.name}: {facts.description}, {facts.parameters / 1e6:.1f} M"
        f" parameters, {model.format.value} prompt; a test batch was decoded"
        + (f"; {note}" if note else ""),
        "Rebuild llama.cpp: make clean, then make install." if note else "",
    )
    if not facts.offloads:
        why = (
            "CPU: this build of llama.cpp has no GPU backend (make chose so; ACCEL=…"
            " overrides)"
        )
    elif options.gpu_layers == 0:
        why = "CPU: --gpu-layers 0"
    else:
        layers = "all" if options.gpu_layers < 0 else str(options.gpu_layers)
        why = f"GPU: the build can, {layers} layers are offloaded"
    return [
        loaded,
        Check("engine", True, why),
        Check("sandbox", True, holds),
        *(
            Check(name.replace("_", "-"), True, f"{size.value}: {size.reason}")
            for name in facts.sizes.__struct_fields__
            for size in [getattr(facts.sizes, name)]
        ),
    ]
