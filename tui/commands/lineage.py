"""A model's manifest for people: what it is, and the chain back to its data."""

from __future__ import annotations

from typing import Any

from tui.commands import console
from tui.flow.text import plain

QUIET = ("start_from", "out", "corpus", "data", "base", "checkpoint", "held_out")
"""Settings that the chain tells by itself."""
MANY = 12
"""Most licences that are listed."""


def show_lineage(manifest: dict[str, Any]) -> None:
    """Print a manifest; fields that older ones lack are left out."""
    _facts(manifest)
    number = _chain(manifest)
    if adapter := manifest.get("adapter"):
        told = ", ".join(f"{k} {adapter[k]}" for k in ("rank", "alpha") if k in adapter)
        _line(number, f"adapter {adapter.get('file')}, {told}")
        _more(f"sha256 {adapter.get('sha256')}")
        number += 1
    if base := manifest.get("base"):
        _line(number, f"base model {base.get('name')}, {base.get('architecture')}")
        if base.get("package"):
            _more(f"{base['package']} {base.get('version')} {base.get('wheel')}")
        digests = base.get("sha256") or {}
        if isinstance(digests, str):
            digests = {base.get("file"): digests}
        for file, sha256 in digests.items():
            _more(f"{file} {sha256}")
        if base.get("licence"):
            _more(f"licence {base['licence']}")
    _licences(manifest.get("licences") or {})
    _verified(manifest.get("verified") or {})
    _measured(manifest)


def _facts(manifest: dict[str, Any]) -> None:
    size = manifest.get("bytes")
    told = [
        manifest.get("kind", "model"),
        manifest.get("quantisation"),
        f"{size / 2**20:,.1f} MiB" if isinstance(size, int) else None,
        f"{manifest['format']} prompt" if "format" in manifest else None,
        f"licence {manifest['licence']}" if manifest.get("licence") else None,
        manifest.get("date"),
    ]
    _out("  " + ", ".join(str(each) for each in told if each))
    shape = manifest.get("architecture") or {}
    if shape.get("parameters"):
        _out(
            f"  {shape.get('kind', 'llama')}, {shape['parameters']:,} parameters,"
            f" {shape.get('layers')} layers of {shape.get('width')},"
            f" {shape.get('vocabulary'):,} tokens"
        )
    if manifest.get("sha256"):
        _out(f"  sha256 {manifest['sha256']}")


def _chain(manifest: dict[str, Any]) -> int:
    """Every run, the newest first; the number that comes next."""
    _out("From the model back to its data:")
    number = 1
    if exported := manifest.get("exported"):
        commit = exported.get("commit")
        _line(number, exported.get("command", "exported"))
        _more(f"commit {commit}" if commit else "not from a checkout")
        number += 1
    if merged := manifest.get("merged"):
        _line(number, merged.get("command", "merged"))
        number += 1
    runs = manifest.get("lineage")
    if runs is None:
        runs = [_from_recipe(manifest["recipe"])] if "recipe" in manifest else []
    for run in runs:
        _run(number, run)
        number += 1
    if not runs and not manifest.get("base"):
        _out("  nothing is known of it")
    return number


def _run(number: int, run: dict[str, Any]) -> None:
    if run.get("unknown"):
        _line(number, f"{run['run']}, of which nothing is known")
        return
    when = f", ended {run['ended'][:10]}" if run.get("ended") else ""
    _line(number, f"{run.get('command')}, run {run.get('run')}{when}")
    settings = run.get("settings") or {}
    told = [
        f"{key} {_short(value)}"
        for key, value in settings.items()
        if key not in QUIET and value not in (None, "", [])
    ]
    if told:
        _more(", ".join(told))
    figures = run.get("figures") or {}
    if told := [f"{key} {_short(value)}" for key, value in figures.items()]:
        _more("; ".join(told))
    if run.get("commit"):
        _more(f"commit {run['commit']}")
    for data in run.get("data") or []:
        kept = (data.get("counts") or {}).get("tables kept")
        use = f"{data['use']}: " if data.get("use") else ""
        tables = f", {kept:,} tables" if kept else ""
        _more(f"data {use}{data.get('name')}{tables}, sha256 {data.get('sha256')}")


def _from_recipe(recipe: dict[str, Any]) -> dict[str, Any]:
    """The one run that an older manifest has."""
    return {
        "command": recipe.get("command"),
        "run": "not named",
        "settings": recipe.get("arguments"),
        "figures": {k: recipe[k] for k in ("steps", "tokens") if k in recipe},
        "data": [
            {"name": name, "sha256": sha256}
            for name, sha256 in (recipe.get("data_sha256") or {}).items()
        ],
    }


def _licences(licences: dict[str, int]) -> None:
    if not licences:
        return
    _out("Licences of the data, by records:")
    rows = list(licences.items())
    for name, count in rows[:MANY]:
        _out(f"  {count:>9,}  {name}")
    if len(rows) > MANY:
        _out(f"  {sum(count for _, count in rows[MANY:]):>9,}  others (--json)")


def _verified(verified: dict[str, Any]) -> None:
    if not verified:
        return
    _out("Compared with its source, as exported:")
    for kind, found in verified.items():
        _out(
            f"  {kind}: {found.get('tokenizer_mismatches')} of"
            f" {found.get('tokenizer_texts')} texts with other tokens,"
            f" KL {found.get('kl_nats', 0):.2g} nats, first choice the same at"
            f" {found.get('same_first_choice', 0):.0%}"
        )


def _measured(manifest: dict[str, Any]) -> None:
    """Scores, and what else was measured after the export."""
    if manifest.get("measured_on"):
        _out(f"The scores are of an earlier file, sha256 {manifest['measured_on']}.")
    for title, key in (("Scores", "scores"), ("Held-out data", "held_out")):
        if found := manifest.get(key):
            _out(f"{title}:")
            _nested(found, "  ")
    if "calibration" in manifest:
        _out("Its confidence is calibrated.")


def _nested(value: Any, indent: str) -> None:
    if not isinstance(value, dict):
        _out(f"{indent}{_short(value)}")
        return
    for key, each in value.items():
        if isinstance(each, dict) and any(isinstance(x, dict) for x in each.values()):
            _out(f"{indent}{key}:")
            _nested(each, indent + "  ")
        else:
            _out(f"{indent}{key}: {_short(each)}")


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_short(each)}" for key, each in value.items())
    if isinstance(value, list):
        if len(value) > MANY:
            return f"{len(value)} entries"
        return " ".join(_short(each) for each in value)
    return str(value)


def _line(number: int, text: str) -> None:
    _out(f"  {number}. {text}")


def _more(text: str) -> None:
    _out(f"     {text}")


def _out(text: str) -> None:
    """A line; names in manifests are foreign text."""
    console.out(plain(text))
