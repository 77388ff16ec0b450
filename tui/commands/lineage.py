"""A model's manifest for people: what it is, and the chain back to its data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tui.commands import console
from tui.flow.text import count, plain

QUIET = ("start_from", "out", "data", "base", "held_out")
"""Settings that the chain tells by itself."""
MANY = 12
"""Most licences that are listed."""

Step = list[str]
"""What a line of the chain says, and what stands below it."""


def show_lineage(manifest: dict[str, Any]) -> None:
    """Print a manifest; fields that it lacks are left out."""
    for line in _lines(manifest):
        console.out(plain(line))  # names in manifests are foreign text


def _lines(manifest: dict[str, Any]) -> Iterator[str]:
    yield from _facts(manifest)
    yield "From the model back to its data:"
    steps = list(_chain(manifest))
    for number, (head, *more) in enumerate(steps, 1):
        yield f"  {number}. {head}"
        yield from (f"     {line}" for line in more)
    if not steps:
        yield "  nothing is known of it"
    if licences := list((manifest.get("licences") or {}).items()):
        yield "Licences of the data, by records:"
        yield from (f"  {number:>9,}  {name}" for name, number in licences[:MANY])
        if rest := sum(number for _, number in licences[MANY:]):
            yield f"  {rest:>9,}  others (--json)"
    if verified := manifest.get("verified"):
        yield "Compared with its source, as exported:"
        for kind, found in verified.items():
            yield (
                f"  {kind}: {found.get('tokenizer_mismatches')} of"
                f" {found.get('tokenizer_texts')} texts with other tokens,"
                f" KL {found.get('kl_nats', 0):.2g} nats, first choice the same at"
                f" {found.get('same_first_choice', 0):.0%}"
            )
    if manifest.get("measured_on"):
        yield f"The scores are of an earlier file, sha256 {manifest['measured_on']}."
    if scores := manifest.get("scores"):
        yield "Scores:"
        yield from _nested(scores, "  ")
    if "calibration" in manifest:
        yield "Its confidence is calibrated."


def _facts(manifest: dict[str, Any]) -> Iterator[str]:
    size = manifest.get("bytes")
    told = [
        manifest.get("kind", "model"),
        manifest.get("quantisation"),
        f"{size / 2**20:,.1f} MiB" if isinstance(size, int) else None,
        f"{manifest['format']} prompt" if "format" in manifest else None,
        f"licence {manifest['licence']}" if manifest.get("licence") else None,
        manifest.get("date"),
    ]
    yield "  " + ", ".join(str(each) for each in told if each)
    shape = manifest.get("architecture") or {}
    if shape.get("parameters"):
        yield (
            f"  {shape.get('kind', 'llama')}, {shape['parameters']:,} parameters,"
            f" {shape.get('layers')} layers of {shape.get('width')},"
            f" {shape.get('vocabulary'):,} tokens"
        )
    if manifest.get("sha256"):
        yield f"  sha256 {manifest['sha256']}"


def _chain(manifest: dict[str, Any]) -> Iterator[Step]:
    """Export, every run with the newest first, adapter and base."""
    if exported := manifest.get("exported"):
        commit = exported.get("commit")
        where = f"commit {commit}" if commit else "not from a checkout"
        yield [exported.get("command", "exported"), where]
    if merged := manifest.get("merged"):
        yield [merged.get("command", "merged")]
    yield from map(_run, manifest.get("lineage") or [])
    if adapter := manifest.get("adapter"):
        told = ", ".join(f"{k} {adapter[k]}" for k in ("rank", "alpha") if k in adapter)
        yield [f"adapter {adapter.get('file')}, {told}", f"sha256 {adapter['sha256']}"]
    if base := manifest.get("base"):
        step = [f"base model {base.get('name')}, {base.get('architecture')}"]
        if base.get("package"):
            step.append(f"{base['package']} {base.get('version')} {base.get('wheel')}")
        digests = base.get("sha256") or {}
        if isinstance(digests, str):
            digests = {base.get("file"): digests}
        step += [f"{file} {sha256}" for file, sha256 in digests.items()]
        if base.get("licence"):
            step.append(f"licence {base['licence']}")
        yield step


def _run(run: dict[str, Any]) -> Step:
    if run.get("unknown"):
        return [f"{run['run']}, of which nothing is known"]
    when = f", ended {run['ended'][:10]}" if run.get("ended") else ""
    step = [f"{run.get('command')}, run {run.get('run')}{when}"]
    settings = run.get("settings") or {}
    told = {
        key: value
        for key, value in settings.items()
        if key not in QUIET and value not in (None, "", [])
    }
    step += filter(None, (_short(told), _short(run.get("figures") or {}, "; ")))
    for decided in run.get("decided") or []:
        step.append(
            f"decisions in {decided.get('database')}: {decided.get('edited')} edited,"
            f" {decided.get('accepted')} accepted, {decided.get('rejected')} rejected,"
            f" by {decided.get('people')}, {decided.get('first')} to"
            f" {decided.get('last')}"
        )
    if run.get("start_name"):
        step.append(f"taught on top of {run['start_name']}, sha256 {run.get('start')}")
    if run.get("commit"):
        step.append(f"commit {run['commit']}")
    for data in run.get("data") or []:
        kept = (data.get("counts") or {}).get("tables kept")
        use = f"{data['use']}: " if data.get("use") else ""
        tables = f", {count(kept, 'table')}" if kept else ""
        step.append(
            f"data {use}{data.get('name')}{tables}, sha256 {data.get('sha256')}"
        )
    return step


def _nested(value: dict[str, Any], indent: str) -> Iterator[str]:
    for key, each in value.items():
        if isinstance(each, dict) and any(isinstance(x, dict) for x in each.values()):
            yield f"{indent}{key}:"
            yield from _nested(each, indent + "  ")
        else:
            yield f"{indent}{key}: {_short(each)}"


def _short(value: Any, between: str = ", ") -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return between.join(f"{key} {_short(each)}" for key, each in value.items())
    if isinstance(value, list):
        if len(value) > MANY:
            return f"{len(value)} entries"
        return " ".join(map(_short, value))
    return str(value)
