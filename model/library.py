"""Model files: the bundled one, those the steward added, and what is known of each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from catalog.errors import ColumnistError, RefusedError, UsageError
from model.choose import Calibration
from model.endpoint import is_address

BUNDLED = "columnist-small"


class PromptFormat(Enum):
    """Which of the two fixed prompts a model takes."""

    COMPACT = "compact"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model and its manifest."""

    name: str
    """What `--model` takes."""
    path: Path
    """The GGUF file."""
    format: PromptFormat
    """The prompt it takes."""
    sha256: str | None
    """The file's digest as the manifest has it; None without a manifest."""
    calibration: Calibration | None
    """How its log-probabilities become confidence; None where never measured."""
    manifest: dict[str, Any]
    """The whole manifest; empty where there is none."""
    adapter: Path | None = None
    """A LoRA adapter in GGUF to put on top of it."""

    def adapted(self, adapter: Path) -> ModelFile:
        """This model with an adapter: its name, its prompt, no calibration.

        Raises:
            UsageError: there is no such file.
        """
        if not adapter.is_file():
            raise UsageError(
                f"There is no adapter {adapter}.",
                "Make one with `columnist train finetune` and `train export`.",
            )
        told = _manifest_beside(adapter.resolve())
        return replace(
            self,
            name=f"{self.name}+{told.name if told else adapter.stem}",
            format=told.format if told else self.format,
            calibration=None,
            adapter=adapter,
        )


class Library:
    """Finds models by name or path.

    Args:
        folder: where the manifests of models that were added are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Where manifests, and models that were unpacked, are."""
        return self._folder

    def models(self) -> list[ModelFile]:
        """The bundled model first, then those that were added, by name."""
        found = [_read(path) for path in sorted(bundled_folder().glob("*.json"))]
        if self._folder.is_dir():
            found += [_read(path) for path in sorted(self._folder.glob("*.json"))]
        return found

    def find(self, name: str | None, *, adapter: Path | None = None) -> ModelFile:
        """A model by name or file, the bundled one for None, perhaps with an adapter.

        Raises:
            UsageError: there is none of that name, and no such file.
        """
        found = self._find(name)
        return found.adapted(adapter) if adapter is not None else found

    def _find(self, name: str | None) -> ModelFile:
        wanted = name or BUNDLED
        known = self.models()
        for model in known:
            if model.name == wanted:
                return model
        path = Path(wanted).expanduser()
        if path.is_file():
            resolved = path.resolve()
            for model in known:
                if model.path.resolve() == resolved:
                    return model
            beside = _manifest_beside(resolved)
            if beside is not None:
                return beside
            return ModelFile(path.stem, resolved, PromptFormat.LONG, None, None, {})
        if is_address(wanted):
            raise UsageError(
                "A URL names a model elsewhere, and this needs one in a file.",
                "Models elsewhere are for the app, `columnist draft` and `doctor`.",
            )
        names = ", ".join(model.name for model in known) or "none"
        raise UsageError(
            f"There is no model or file {wanted}.",
            f"Known models: {names}. Add one with `columnist models add FILE`.",
        )

    def add(self, path: Path, *, name: str | None = None) -> ModelFile:
        """Remember a GGUF file under a name; the file stays where it is."""
        from model.engine import check_file

        check_file(path)
        resolved = path.resolve()
        title = name or resolved.stem
        if any(model.name == title for model in self.models()):
            raise UsageError(
                f"There is a model {title} already.", "Choose another with --name."
            )
        manifest: dict[str, Any] = {}
        if (beside := _manifest_beside(resolved)) is not None:
            manifest = dict(beside.manifest)
        manifest |= {
            "name": title,
            "file": str(resolved),
            "sha256": digest(resolved),
            "bytes": resolved.stat().st_size,
        }
        manifest.setdefault("format", PromptFormat.LONG.value)
        target = self._folder / f"{title.replace('/', '_')}.json"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise ColumnistError(
                f"Cannot write {target}: {error.strerror}.", "Free some space."
            ) from error
        return _read(target)

    def install(self, parts: Path, manifest: dict[str, Any], *, name: str) -> ModelFile:
        """Take in checked files: `CARD.md` where there is one, and the model itself.

        The manifest comes last, so that a model is there whole or not at all.

        Raises:
            UsageError: there is a model of that name already.
        """
        target = self._folder / f"{name}.json"
        if target.exists() or any(model.name == name for model in self.models()):
            raise UsageError(
                f"There is a model {name} already.",
                "Give another with --name, or `columnist models remove` that one.",
            )
        (parts / manifest["file"]).replace(self._folder / f"{name}.gguf")
        if (parts / "CARD.md").exists():
            (parts / "CARD.md").replace(self._folder / f"{name}.CARD.md")
        told = manifest | {"name": name, "file": f"{name}.gguf"}
        text = json.dumps(told, indent=2) + "\n"
        written = parts / "installed.json"
        written.write_text(text, encoding="utf-8")
        written.replace(target)
        return _read(target)

    def remove(self, name: str) -> None:
        """Forget a model; its file is deleted where it was unpacked here.

        Raises:
            RefusedError: it is a bundled one.
            UsageError: there is none of that name.
        """
        if self.is_bundled(name):
            raise RefusedError(
                f"{name} is part of the program and stays.",
                "Choose another model with --model.",
            )
        for path in sorted(self._folder.glob("*.json")):
            model = _read(path)
            if model.name == name:
                path.unlink()  # first: no manifest must name a file that is gone
                if self.owns(model):
                    model.path.unlink(missing_ok=True)
                    (self._folder / f"{name}.CARD.md").unlink(missing_ok=True)
                return
        raise UsageError(
            f"There is no model {name}.", "`columnist models list` has their names."
        )

    def is_bundled(self, name: str) -> bool:
        """Whether a model came with the program."""
        return any(_read(p).name == name for p in bundled_folder().glob("*.json"))

    def owns(self, model: ModelFile) -> bool:
        """Whether a model's file lies in the library's own folder."""
        return model.path.resolve().parent == self._folder.resolve()


def verify(model: ModelFile, *, progress: Callable[[int], None] | None = None) -> None:
    """Compare a model file with its manifest.

    Raises:
        RefusedError: it was changed, or there is nothing to compare it with.
    """
    if model.sha256 is None:
        raise RefusedError(
            f"{model.name} has no manifest to compare with.",
            "Add it with `columnist models add FILE`; then later changes show.",
        )
    if digest(model.path, progress=progress) != model.sha256:
        raise RefusedError(
            f"{model.path} is not the file that its manifest describes.",
            "Do not use it; install it again.",
        )


def digest(path: Path, *, progress: Callable[[int], None] | None = None) -> str:
    """SHA-256 of a file, in hex; `progress` gets the bytes of each piece."""
    state = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 22):
                state.update(piece)
                if progress is not None:
                    progress(len(piece))
    except OSError as error:
        raise ColumnistError(
            f"Cannot read {path}: {error.strerror}.", "Check the path."
        ) from error
    return state.hexdigest()


def bundled_folder() -> Path:
    """Where the bundled model lies, installed or in a checkout."""
    from importlib.util import find_spec

    spec = find_spec("columnist_assets")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "model"
    return Path(__file__).resolve().parent.parent / "assets" / "model"


def _read(path: Path) -> ModelFile:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        return ModelFile(
            name=manifest["name"],
            path=path.parent / manifest["file"],
            format=PromptFormat(manifest["format"]),
            sha256=manifest["sha256"],
            calibration=_calibration(manifest.get("calibration")),
            manifest=manifest,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ColumnistError(
            f"The model manifest {path} cannot be read: {error}.",
            "Remove it, and add the model again.",
        ) from error


def _calibration(data: dict[str, Any] | None) -> Calibration | None:
    """A manifest's calibration; one fitted for an older way of choosing is as none."""
    if not data or "worth" not in data["columns"]:
        return None
    return Calibration.from_json(data)


def _manifest_beside(model: Path) -> ModelFile | None:
    for path in sorted(model.parent.glob("*.json")):
        try:
            named = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(named, dict) and named.get("file") == model.name:
            return _read(path)
    return None
