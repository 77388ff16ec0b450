"""Where things live: the workspace, saved connections, models and the demo."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """What the global options of a command come to."""

    workspace: Path
    """The workspace file."""
    data: Path
    """Folder for the demo warehouse and the manifests of added models."""
    connections: Path
    """`connections.toml`."""
    models: Path
    """Folder of the program's own model, which all workspaces of an account share."""
    offline: bool = False
    """Refuse every socket but the database's."""
    read_only: bool = False
    """Write nothing to any database."""
    same_database: bool | None = None
    """Whether a database that says it is another one is the same; None: ask."""
    password_env: str | None = None
    """Name of the environment variable that holds the database's password."""
    model: str | None = None
    """Name or file of the model; None is the connection's, else our own."""
    adapter: Path | None = None
    """A LoRA adapter in GGUF to put on top of the model."""
    gpu_layers: int = -1
    """Layers on the GPU; -1 is all."""
    sizes: Mapping[str, int | str] = field(default_factory=dict[str, int | str])
    """Sizes of the engine that were asked for; the others are chosen."""
    seed: int = 0
    """Seed of sampled texts."""
    waiting: Callable[[str], None] | None = field(default=None, compare=False)
    """Told of a workspace that another process holds; None: that is an error."""


def locate(workspace: Path | None = None) -> Settings:
    """Settings from the option, then `COLUMNIST_WORKSPACE`, then the user's folders."""
    from platformdirs import PlatformDirs

    folders = PlatformDirs("columnist", appauthor=False)
    data = Path(folders.user_data_dir)
    named = workspace or os.environ.get("COLUMNIST_WORKSPACE")
    path = Path(named).expanduser() if named else data / "workspace.db"
    # A workspace of its own brings everything else with it, so that tests and
    # colleagues on one account never meet; all but the model, which is large.
    home = path.parent if named else data
    config = home if named else Path(folders.user_config_dir)
    return Settings(
        workspace=path,
        data=home,
        connections=config / "connections.toml",
        models=data / "models",
    )
