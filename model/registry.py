"""Versions of models, and runs, on an MLflow server.

A version's one file is the tar of `model.pack`, signed or not, and its digests are tags
of the version. So what comes back is checked as what was carried by hand is, against
its manifest and against what was registered; nothing is loaded as MLflow would load a
model. All that the server says is foreign.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from catalog.errors import RefusedError, UsageError
from model.library import DEFAULT, Advance, Library, ModelFile, digest, silent
from model.mlflow_server import Server
from model.pack import AGAIN, MODEL_NAME, pack, unpack
from model.signature import Signers
from model.tracked_run import TrackedRun, begin, learned_with, origin

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

EXPERIMENT = "columnist"
"""Where runs go unless another experiment is named."""
CHAMPION = "champion"
"""The alias that is meant where none is named."""
TAR, WEIGHTS, SIZE = "columnist.tar", "columnist.sha256", "columnist.bytes"
"""Tags of a version: SHA-256 of the tar and of the GGUF in it, the tar's size."""
MANIFEST = "columnist.manifest"
"""Tag of a version: digest of how its manifest says that it is used."""
_FOLDER, _FILE = "model", "model.tar"
_ALIAS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_FOUND = 10_000


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a model, as the registry tells it."""

    name: str
    """What the model is called there."""
    number: str
    """Which version it is."""
    aliases: tuple[str, ...]
    """What stands for it."""
    sha256: str | None
    """Digest of the GGUF; None where it was not registered by `register`."""
    tar: str | None
    """Digest of the tar; None as above."""
    manifest: str | None
    """Digest of how it is used; None as above, or from an older program."""
    bytes: int | None
    """Size of the tar; None as above."""
    place: str
    """Where the server says that its files are."""
    new: bool = False
    """Whether it was made just now."""

    def __str__(self) -> str:
        return f"{self.name} version {self.number}"

    def is_(self, model: ModelFile) -> bool:
        """Whether a model is this version, whatever it is called here.

        The program's own is used as the program says.
        """
        return model.sha256 == self.sha256 and (
            self.manifest in (None, used_as(model)) or model.name == DEFAULT
        )


class Registry:
    """The models and runs of a server.

    Args:
        uri: as for `Server`.

    Raises:
        UsageError: as for `Server`.
    """

    def __init__(self, uri: str) -> None:
        self._server = Server(uri)
        self.place = self._server.place

    # Versions

    def versions(self, name: str | None = None) -> list[Version]:
        """The versions of a model, or of all models, the newest first.

        Raises:
            UsageError: there is no model of that name.
            ColumnistError: the server does not answer, refuses, or answers nonsense.
        """
        found = self._standing(None if name is None else _named(name))
        if name is not None and not found:
            raise UsageError(
                f"There is no model {name} at {self.place}.",
                "`columnist models versions` lists what there is.",
            )
        return found

    def _standing(self, name: str | None) -> list[Version]:
        client = self._server.client
        wanted = f"name = '{name}'" if name else None
        with self._server.asking():
            # A search for versions does not tell their aliases.
            aliases = {
                model.name: _by_number(model.aliases)
                for model in _all(client.search_registered_models, wanted)
            }
            found = [
                replace(each, aliases=aliases.get(each.name, {}).get(each.number, ()))
                for each in map(_version, _all(client.search_model_versions, wanted))
            ]
        return sorted(found, key=lambda each: (each.name, -int(each.number)))

    def resolve(self, reference: str) -> Version:
        """What `NAME@ALIAS`, `NAME:VERSION` or NAME, its champion, stands for now.

        Raises:
            UsageError: for nothing.
            ColumnistError: the server does not answer, refuses, or answers nonsense.
        """
        name, at, alias = reference.partition("@")
        if at:
            return self._called(_named(name), _alias(alias))
        name, colon, number = reference.partition(":")
        if colon:
            return self._numbered(_named(name), number)
        return self._called(_named(name), CHAMPION)

    def _called(self, name: str, alias: str) -> Version:
        with self._server.asking(f"There is no {name}@{alias}"):
            client = self._server.client
            return _version(client.get_model_version_by_alias(name, alias))

    def _numbered(self, name: str, number: str) -> Version:
        if not _NUMBER.fullmatch(number):
            raise UsageError(
                f"{number} is no version.", "Versions have numbers: 1, 2 and so on."
            )
        with self._server.asking(f"There is no version {number} of {name}"):
            return _version(self._server.client.get_model_version(name, number))

    def promote(self, name: str, number: str, alias: str) -> Version | None:
        """Let an alias stand for a version; the one that it stood for before.

        Raises:
            UsageError: there is no such version, or the alias can be none.
            ColumnistError: the server does not answer, refuses, or answers nonsense.
        """
        self._numbered(_named(name), number)
        before = None
        with suppress(UsageError):
            before = self._called(name, _alias(alias))
        with self._server.asking():
            self._server.client.set_registered_model_alias(name, _alias(alias), number)
        return before

    def register(
        self,
        model: ModelFile,
        *,
        name: str | None = None,
        alias: str | None = None,
        key: Path | None = None,
        experiment: str = EXPERIMENT,
        advance: Advance = silent,
    ) -> Version:
        """Send a model as a new version, unless the very same tar is one already.

        The version is made when its file is there. The scores in the manifest become
        metrics of a run, what the model was last trained with its parameters.

        Args:
            model: it needs a manifest, as for `model.pack`.
            name: what it is called there; None is as here.
            alias: what shall stand for it.
            key: an SSH private key to sign it with.
            experiment: where its run goes.
            advance: called with bytes; the model's are counted three times.

        Raises:
            RefusedError: the file is not the one of its manifest, or the server does
                not keep files itself.
            UsageError: a name cannot be one.
            ColumnistError: the server does not answer, refuses, or answers nonsense.
        """
        title = _named(name or model.name)
        if alias is not None:
            _alias(alias)
        standing = self._standing(title)  # asked first: nothing is packed in vain
        with tempfile.TemporaryDirectory(prefix="columnist-") as scratch:
            tar = Path(scratch) / _FILE
            pack(model, tar, key=key, advance=advance)
            sha256 = digest(tar)
            found = next((each for each in standing if each.tar == sha256), None)
            if found is None:
                found = self._send(title, model, tar, sha256, experiment, advance)
        if alias is None:
            return found
        self.promote(title, found.number, alias)
        return replace(found, aliases=tuple(sorted({*found.aliases, alias})))

    def _send(
        self,
        name: str,
        model: ModelFile,
        tar: Path,
        sha256: str,
        experiment: str,
        advance: Advance,
    ) -> Version:
        tags = {TAR: sha256, WEIGHTS: str(model.sha256), SIZE: str(tar.stat().st_size)}
        tags[MANIFEST] = used_as(model)
        tags |= origin(model.manifest)
        client = self._server.client
        with self.run(experiment, name, learned_with(model.manifest), tags) as run:
            run.log(model.manifest.get("scores"))
            folder = f"{self._server.path_of(run.place)}/{_FOLDER}"
            self._server.put(f"{folder}/{_FILE}", tar, advance)
            with self._server.asking():
                if not client.search_registered_models(f"name = '{name}'"):
                    client.create_registered_model(name)
                place = f"mlflow-artifacts:/{folder}"
                made = client.create_model_version(name, place, run.id, tags=tags)
                return replace(_version(made), new=True)

    def pull(
        self,
        version: Version,
        library: Library,
        *,
        name: str | None = None,
        signers: Signers | None = None,
        advance: Advance = silent,
    ) -> ModelFile:
        """Take a version into the library: checked as it comes, all of it or nothing.

        Args:
            version: as it was resolved; an alias that moves meanwhile changes nothing.
            library: what it is added to.
            name: what it shall be called; None is as it was packed.
            signers: whose signature is demanded.
            advance: called with bytes that came.

        Raises:
            RefusedError: it is not what was registered, or not there.
            UsageError: there is another model of that name.
            ColumnistError: the server stops answering, or the disk is full.
        """
        if version.tar is None or version.sha256 is None:
            raise RefusedError(
                f"{version} at {self.place} is refused: no digest was registered.",
                "Only what `columnist models push` registered can be taken.",
            )
        return unpack(
            _Sent(self._server, version),
            library,
            name=name,
            sha256=version.sha256,
            signers=signers,
            advance=advance,
        )

    # Runs

    def run(
        self,
        experiment: str,
        name: str,
        settings: Mapping[str, Any],
        tags: Mapping[str, str] | None = None,
    ) -> AbstractContextManager[TrackedRun]:
        """A run, which ends as the block does: see `model.tracked_run.begin`."""
        return begin(self._server, experiment, name, settings, tags or {})


class _Sent:
    """The tar of a version, as the server sends it; opened as a path is."""

    def __init__(self, server: Server, version: Version) -> None:
        self._server = server
        self._version = version

    def __str__(self) -> str:
        return f"{self._version} at {self._server.place}"

    @contextmanager
    def open(self, mode: Literal["rb"]) -> Generator[IO[bytes]]:
        path = f"{self._server.path_of(self._version.place)}/{_FILE}"
        with self._server.get(path) as pieces:
            yield io.BufferedReader(_Stream(self._checked(pieces)))

    def _checked(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        state = hashlib.sha256()
        for piece in pieces:
            state.update(piece)
            yield piece
        if state.hexdigest() != self._version.tar:
            raise RefusedError(
                f"{self} is refused: it is not the file that was registered.", AGAIN
            )


class _Stream(io.RawIOBase):
    """Pieces as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = piece
        view = memoryview(buffer).cast("B")
        size = min(len(view), len(self._left))
        view[:size], self._left = self._left[:size], self._left[size:]
        return size


def _all(search: Callable[..., Any], wanted: str | None) -> list[Any]:
    """What a search finds, page by page."""
    found: list[Any] = []
    token = None
    while len(found) < _MOST_FOUND:
        page = search(wanted, page_token=token)
        found += page
        token = page.token
        if not token or not page:  # a server could lead on for ever
            break
    return found


def _by_number(aliases: Mapping[Any, Any]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for alias, number in sorted(aliases.items()):
        found[str(number)] = (*found.get(str(number), ()), str(alias))
    return found


def used_as(model: ModelFile) -> str:
    """SHA-256 of how a manifest says that its model is used.

    Two versions may have the same weights: one was calibrated anew.
    """
    told = {key: model.manifest.get(key) for key in ("format", "calibration", "house")}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _version(told: Any) -> Version:
    """A version as the client tells it; what cannot be is left out."""
    tags = {str(name): str(value) for name, value in (told.tags or {}).items()}
    sha256, tar, manifest = (
        found if _DIGEST.fullmatch(found := tags.get(name, "")) else None
        for name in (WEIGHTS, TAR, MANIFEST)
    )
    size = tags.get(SIZE, "")
    number = str(told.version)
    if not _NUMBER.fullmatch(number):
        raise ValueError("no number of a version")
    return Version(
        name=str(told.name),
        number=number,
        aliases=tuple(sorted(map(str, told.aliases or ()))),
        sha256=sha256,
        tar=tar,
        manifest=manifest,
        bytes=int(size) if re.fullmatch(r"[0-9]{1,12}", size) else None,
        place=str(told.source),
    )


def _named(name: str) -> str:
    if not MODEL_NAME.fullmatch(name):
        raise UsageError(
            f"A model cannot be called {name} in a registry.",
            "Letters, digits, dots, dashes and underscores make a name; NAME@ALIAS or"
            " NAME:VERSION one of its versions.",
        )
    return name


def _alias(alias: str) -> str:
    if not _ALIAS.fullmatch(alias):
        raise UsageError(
            f"{alias} cannot be an alias.",
            "Letters, digits, dashes and underscores make one, such as candidate.",
        )
    return alias
