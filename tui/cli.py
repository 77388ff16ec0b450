"""The command line: global options, exit codes, and one file per command."""

from __future__ import annotations

import io
import logging
import signal
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from catalog.errors import ColumnistError, ExitCode
from model import sizes
from tui.commands import console
from tui.flow.model_choice import refuse_two_models
from tui.flow.settings import locate
from tui.flow.text import plain

COMMANDS = {
    "open": "open:run",
    "demo": "demo:run",
    "scan": "scan:run",
    "tables": "tables:run",
    "draft": "draft:run",
    "questions": "questions:run_questions",
    "answer": "questions:run_answer",
    "suggestions": "suggestions:run",
    "accept": "accept:run_accept",
    "reject": "accept:run_reject",
    "apply": "apply:run",
    "revert": "revert:run",
    "export": "export_import:run_export",
    "import": "export_import:run_import",
    "learn": "learn:run",
    "metrics": "metrics:run",
    "log": "log:app",
    "decisions": "decisions:app",
    "connections": "connections:app",
    "models": "models:app",
    "evaluate": "evaluate:app",
    "train": "train:app",
    "doctor": "doctor:run",
}
"""Each command's module in `tui.commands`, and its function or group."""


class Commands(TyperGroup):
    """The commands, each imported when it is named: opening the app needs few."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """One of them, or None where there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(f"tui.commands.{module}"), name)
        one = typer.Typer(rich_markup_mode=None)
        if isinstance(found, typer.Typer):
            one.add_typer(found, name=cmd_name)
        else:
            one.command(cmd_name)(found)
        return get_group(one).commands[cmd_name]


app = typer.Typer(
    name="columnist",
    cls=Commands,
    help="Document a database from the keyboard, offline.\n\n"
    "Drafts with a local model what tables and columns lack; you"
    " accept, edit or reject the drafts; what you accepted is written as comments.",
    epilog="Start with `columnist demo`.",
    no_args_is_help=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"columnist {version('columnist')}")
        raise typer.Exit


def _layers(text: str) -> int:
    if text == "all":
        return -1
    if not text.isdigit():
        raise typer.BadParameter("a number of layers, or all")
    return int(text)


@app.callback(invoke_without_command=True)
def columnist(
    context: typer.Context,
    workspace: Annotated[
        Path | None,
        typer.Option(help="Workspace file.", envvar="COLUMNIST_WORKSPACE"),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Refuse every socket but the database's.")
    ] = False,
    read_only: Annotated[
        bool,
        typer.Option(
            "--read-only", help="Write nothing to any database; its sessions refuse to."
        ),
    ] = False,
    same_database: Annotated[
        bool | None,
        typer.Option(
            "--same-database/--other-database",
            help="Where another server answers at an address, or the same at another:"
            " carry over what was decided there, or begin anew. Without either it is"
            " refused.",
        ),
    ] = None,
    password_env: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Environment variable that holds the database's password.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="Model by name or GGUF file, or one on a server:"
            " http://HOST:PORT/v1#NAME. `draft` takes two, as in A,B, and splits the"
            " tables between them.",
            envvar="COLUMNIST_MODEL",
        ),
    ] = None,
    adapter: Annotated[
        Path | None,
        typer.Option(help="LoRA adapter (GGUF) to put on top of the model."),
    ] = None,
    gpu_layers: Annotated[
        str, typer.Option(help="Layers to put on the GPU: a number, or all.")
    ] = "all",
    engine: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Size of the engine, as in threads=2; may be repeated. `doctor` lists"
            " them, with what is chosen and why.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of sampled wordings.")] = 0,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Open the app, or run one of the commands."""
    context.obj = replace(
        locate(workspace),
        offline=offline,
        read_only=read_only,
        same_database=same_database,
        password_env=password_env,
        model=model,
        adapter=adapter,
        gpu_layers=_layers(gpu_layers),
        sizes=sizes.parse(engine or ()),
        seed=seed,
        waiting=lambda held: console.note(f"columnist: {plain(held)}"),
    )
    if context.invoked_subcommand != "draft":
        refuse_two_models(context.obj)
    if context.invoked_subcommand is None:
        from tui.commands.open import launch

        launch(context.obj, None)


def main() -> None:
    """Run the command line; errors become a line or two and an exit code."""
    # Libraries log with tracebacks, over the screen or beside the line that says it.
    logging.getLogger().addHandler(logging.NullHandler())
    for number in console.ends():
        signal.signal(number, _terminate)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that is not UTF-8 gets escapes, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        # A file made with > holds what one made with -o holds, whatever the locale.
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    try:
        status = app(standalone_mode=False)
    except console.Interrupted:
        console.note("columnist: interrupted; what was shown as saved is saved.")
        status = ExitCode.INTERRUPTED
    except (KeyboardInterrupt, typer.Abort):
        console.note("columnist: interrupted.")
        status = ExitCode.INTERRUPTED
    except ColumnistError as error:
        console.complain(error)
        status = error.exit_code
    except BrokenPipeError:
        # The reader of our output has seen enough, such as `head`.
        sys.stderr.close()
        status = ExitCode.DONE
    except OSError as error:
        console.complain(ColumnistError(f"{error}.", "Check the disk and the path."))
        status = ExitCode.FAILED
    except Exception as error:
        status = _wrong_usage(error)
    sys.exit(int(status or 0))


def _wrong_usage(error: Exception) -> int:
    """Exit code 2 and one line for what click calls a usage error; others are bugs."""
    show = getattr(error, "format_message", None)
    if show is None:
        raise error
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "columnist"
    console.note(f"columnist: {plain(show())}")
    console.note(f"  Try `{path} --help`.")
    return ExitCode.USAGE


def _terminate(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
