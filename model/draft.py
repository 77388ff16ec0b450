"""From tables to drafts: what the catalog knows first, then rules and model."""

from __future__ import annotations

from collections import deque
from collections.abc import (
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count

from catalog.glossary import Glossary
from catalog.objects import (
    Column,
    ColumnId,
    Profile,
    Table,
    TableId,
    TableKind,
    Target,
    column_of,
)
from catalog.stopping import Stop, never
from catalog.suggestion import Draft, Effort, Finding, Source, Wording
from model import checks, rules, spelling, table_sentences
from model.chances import Chances
from model.choose import Candidate, choose, unlike
from model.known_systems import KnownSystems, Match
from model.library import PromptFormat
from model.names import humanize, split
from model.nearest import Nearest, example_of
from model.personal import inside
from model.prompt import TURN, Generation, Prompt, Written
from model.prompts import compact, long
from model.readings import readings
from model.remote import Model
from model.vocabulary import roots
from model.writer import Writer

UNUSABLE = frozenset(
    {Finding.LEAK, Finding.UNSUPPORTED, Finding.DEGENERATE, Finding.CONTROL}
    | {Finding.TOO_LONG, Finding.FALSE_CLAIM}
)
"""A model's text with one of these gives way to the rules' sentence."""
PENALTY = 0.5
"""A finding on a text whose confidence was not measured with it takes this share."""
TOLD_CONFIDENCE = {
    Source.INHERITED: 0.85,
    # `benchmarks.known_systems` measures how well tables are matched.
    Source.KNOWN: 0.9,
    # A person said what the whole name means.
    Source.GLOSSARY: 0.9,
}
"""How sure a text is that was not written for its target, by where it is from."""
TOLD_AT_ONCE = 8
"""Tables that need no model, one after the other, before their drafts are given."""
EXAMPLES = 5000
"""Most of the steward's own descriptions that are searched for examples."""
HOUSE = 20
"""So many descriptions by people are a house, to a model that learned from one."""
ALTERNATIVES_TEMPERATURE = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """A table and what is to be described of it."""

    table: Table
    """With the comments that exist, which are context."""
    targets: tuple[Target, ...]
    """What lacks a description."""
    profiles: Mapping[str, Profile]
    """Samples by column name; may be empty."""
    bases: Mapping[str, ColumnId] = field(default_factory=dict[str, ColumnId])
    """Columns that are another table's, by name: of a view, or inherited."""
    asked: Job | None = None
    """The same job as the catalog has it, where a glossary wrote its names out."""

    def real(self, target: Target) -> Target:
        """A target of this job as the catalog calls it."""
        if self.asked is None:
            return target
        return self.asked.targets[self.targets.index(target)]

    def profile(self, target: Target) -> Profile | None:
        """The sample of a column; None of the table itself."""
        return self.profiles.get(column_of(target) or "")


@dataclass(slots=True)
class Documented:
    """Columns that somebody described already, to inherit from."""

    _by_column: dict[ColumnId, str] = field(default_factory=dict[ColumnId, str])
    _by_name: dict[tuple[str, str], dict[str, ColumnId]] = field(
        default_factory=dict[tuple[str, str], dict[str, ColumnId]]
    )
    """By name and type the texts, each with the first column that has it."""
    nearest: Nearest = field(default_factory=Nearest)
    """The first `EXAMPLES` of them, to learn the manner of the house from."""
    tables: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Names of the tables of each schema."""

    def add(self, table: Table) -> None:
        """Take in a table's name, comment and commented columns."""
        self.tables.setdefault(table.id.schema, set()).add(table.id.name)
        if table.comment:
            self._show(table, table.id, table.comment)
        for column in table.columns:
            # A view's column may show the comment of the column it comes from.
            own = column.comment_refused is None or table.kind is not TableKind.VIEW
            if column.comment and own:
                self._show(table, column.id, column.comment)
                self._by_column[column.id] = column.comment
                key = (column.name.lower(), column.type.lower())
                same = self._by_name.setdefault(key, {})
                same.setdefault(column.comment, column.id)

    def _show(self, table: Table, target: Target, text: str) -> None:
        if len(self.nearest) < EXAMPLES:
            self.nearest.add(example_of(table, target, text, origin=str(table.id)))

    def names(self) -> frozenset[str]:
        """Names, in lower case, of the columns that are described somewhere."""
        return frozenset(name for name, _ in self._by_name)

    def describe(
        self, table: Table, column: Column, base: ColumnId | None = None
    ) -> tuple[str, ColumnId] | None:
        """A text for a column from the same one elsewhere, and where it stands.

        The column that a view takes it from or a child table inherits; the other end of
        its foreign key; or columns of the same name and type, where the name is telling
        (two words or more) and all of them say the same.
        """
        if base is not None and base in self._by_column:
            return self._by_column[base], base
        if there := table.references(column.name):
            other = ColumnId(there[0], there[1] or column.name)
            if other in self._by_column and other.name.lower() == column.name.lower():
                return self._by_column[other], other
        if len(split(column.name)) < 2:
            return None
        same = self._by_name.get((column.name.lower(), column.type.lower()), {})
        if len(same) != 1:
            return None
        # What speaks of its own table would be wrong in another.
        ((text, origin),) = same.items()
        own = {checks.stem(word) for word in split(origin.table.name)}
        words = {checks.stem(word) for word in text.lower().rstrip(".").split()}
        if own & words and origin.table.name != table.id.name:
            named = {checks.stem(word) for word in split(column.name)}
            if not (own & words) <= named:
                return None
        return text, origin


@dataclass(slots=True)
class _Asked:
    """A prompt in work."""

    job: Job
    targets: tuple[Target, ...]
    prompt: Prompt
    used: set[str]
    """Texts that other columns of the table have been given."""
    left: int
    """Targets still to come."""
    read: dict[int, list[Generation]] = field(
        default_factory=dict[int, list[Generation]]
    )
    """By block what came of it so far, until all of it did."""

    def take(self, generation: Generation) -> tuple[Generation, ...]:
        """All of a block's texts in their order, once the last has come; else none."""
        block = generation.block
        texts = self.read.setdefault(block, [])
        texts.append(generation)
        if len(texts) < self.prompt.all_texts(block):
            return ()
        del self.read[block]
        self.left -= 1
        return tuple(sorted(texts, key=lambda text: text.draw))


class Drafter:
    """Drafts descriptions with a model, or by rules alone where there is none.

    Args:
        engine: the running model; None drafts by rules alone.
        model: what is known of the model.
        documented: columns to inherit from.
        limit: the longest comment the database takes on a target, in characters.
        glossary: what names mean, asked for with every job, so that an answer counts
            at once.
        nearest: descriptions to learn from by example, for a model that was taught to.
        known: systems whose tables need no drafting.
        chances: numbers that texts were given before.
        seen: told what was chosen from, for every target that was.
    """

    def __init__(
        self,
        engine: Writer | None,
        model: Model | None,
        *,
        documented: Documented | None = None,
        limit: Callable[[Target], int | None] = lambda _: None,
        glossary: Callable[[], Glossary] = Glossary,
        nearest: Nearest | None = None,
        known: KnownSystems | None = None,
        chances: Chances | None = None,
        seen: Callable[[Job, Target, Sequence[Candidate]], None] | None = None,
    ) -> None:
        self._seen = seen
        self._nearest = nearest or Nearest()
        self._known = known
        self._chances = chances or Chances()
        self._engine = engine
        self._model = model
        self._large = model is not None and model.format is not PromptFormat.COMPACT
        self._documented = documented or Documented()
        own = self._documented.nearest
        house = model.house if model is not None and len(own) >= HOUSE else None
        self._in_house = house is not None
        self._own_style = house is not None and house.own
        self._calibration = model.calibration if model is not None else None
        self._known_words: frozenset[str] = frozenset()
        if house is not None:
            self._calibration = house.calibration
            self._known_words = frozenset(roots(" ".join(own.texts())))
        self._limit = limit
        self._glossary = glossary

    def draft(
        self,
        jobs: Iterable[Job | None],
        *,
        stop: Stop = never,
        first: Callable[[], TableId | None] = lambda: None,
    ) -> Generator[Draft]:
        """One draft for every target of every job, as they are ready.

        Jobs are taken as the engine has room for them; when `first` names another
        table, its job is expected next, and rushes past those in work. None among the
        jobs says that the next is not ready; it is asked for again.
        """
        # Prompts in work; values of rows go with them.
        asked: dict[int, _Asked] = {}
        numbers = count()
        ready: deque[Callable[[], Draft]] = deque()

        told_at_once = TOLD_AT_ONCE if self._engine is not None else 0

        def prompts() -> Iterator[Prompt | None]:
            silent = 0
            for job in jobs:
                if job is not None:
                    silent += 1
                    used: set[str] = set()
                    told, rest = self._told(job)
                    ready.extend(partial(replace, draft) for draft in told)
                    open_to_model: list[Target] = []
                    for target in rest.targets:
                        if self._engine is None or self._is_sure(rest, target):
                            ready.append(partial(self._decide, rest, target, used))
                        else:
                            open_to_model.append(target)
                    asking = replace(rest, targets=tuple(open_to_model))
                    for prompt, targets in self._prompts(asking):
                        silent = 0
                        asked[next(numbers)] = _Asked(
                            rest, targets, prompt, used, len(targets)
                        )
                        yield replace(prompt, table=job.table.id)
                if job is None or silent > told_at_once:
                    yield None
                    silent = 0

        def turns() -> Iterator[Generation]:
            for _ in prompts():
                yield TURN
                if stop():
                    return

        generations = turns()
        if self._engine is not None:
            generations = self._engine.generate(prompts(), stop=stop, first=first)
        for generation in generations:
            while ready and not stop():
                yield ready.popleft()()
            if generation is TURN:
                continue
            work = asked[generation.prompt]
            texts = work.take(generation)
            if not work.left:
                del asked[generation.prompt]
            if not texts:
                continue
            block = generation.block
            yield self._decide(
                work.job,
                work.targets[block],
                work.used,
                texts,
                work.prompt.fingerprint(block),
            )
        while ready and not stop():
            yield ready.popleft()()

    def needs_rows(self, job: Job) -> bool:
        """Whether samples can tell anything for a job that has none yet.

        What others tell, or a table's sentence by rules, is the same with them.
        """
        _, rest = self._told(job)
        asks = self._engine is not None or self._model is not None
        return any(
            isinstance(target, ColumnId) or (asks and not self._is_sure(rest, target))
            for target in rest.targets
        )

    def alternatives(
        self, job: Job, count: int, *, stop: Stop = never
    ) -> list[Wording]:
        """Other texts for a job's one target: drawn from the model, and the rules'.

        All are drawn from one reading of the prompt.
        """
        job = self._spelled(job)
        (target,) = job.targets
        found: dict[str, Wording] = {}
        if self._engine is not None:
            prompts = [
                replace(
                    prompt,
                    offered=(),
                    draws=(count,) * len(prompt.blocks),
                    temperature=ALTERNATIVES_TEMPERATURE,
                )
                for prompt, _ in self._prompts(job)
            ]
            name = self._model.name if self._model else None
            for generation in sorted(
                self._engine.generate(prompts, stop=stop),
                key=lambda g: (g.draw, g.prompt, g.block),
            ):
                text = self._finish(job, target, generation.text)
                findings = self._check(job, target, text, generation) if text else ()
                if text and text not in found and not UNUSABLE & set(findings):
                    found[text] = Wording(text, Source.MODEL, name, findings)
        texts = list(found.values())
        by_rules = _by_rules(job, target)
        if by_rules and by_rules not in [each.text for each in texts[:count]]:
            findings = self._check(job, target, by_rules, None)
            texts[count - 1 :] = [Wording(by_rules, Source.RULES, None, findings)]
        return texts[:count]

    def prompt(self, job: Job) -> Written | None:
        """What a model is asked for a job's one target; None where none is."""
        for prompt, targets in self._prompts(job):
            for block, target in enumerate(targets):
                if target == job.targets[0]:
                    text = prompt.head + prompt.blocks[block]
                    return Written(text, prompt.fingerprint(block))
        return None

    def _prompts(self, job: Job) -> list[tuple[Prompt, tuple[Target, ...]]]:
        if self._engine is None or not job.targets:
            return []
        if not self._large:
            return compact.compact_prompts(
                job.table,
                job.targets,
                job.profiles,
                nearest=self._example,
                opening=self._opening,
                offered=_no_readings if self._own_style else _readings,
            )
        return long.long_prompts(
            job.table, job.targets, job.profiles, self._engine.turn
        )

    def _told(self, job: Job) -> tuple[list[Draft], Job]:
        """Drafts of what the catalog or the glossary tells; what is left to describe.

        The names of what is left are written out as the glossary has them.
        """
        told: list[Draft] = []
        rest: list[Target] = []
        match = self._match(job)
        for target in job.targets:
            if found := self._as_told(job, match, target):
                told.append(found)
            else:
                rest.append(target)
        return told, self._spelled(replace(job, targets=tuple(rest)))

    def _match(self, job: Job) -> Match | None:
        """The known system's table that a job's table is, if it is one."""
        if self._known is None or not job.targets:
            return None
        beside = self._documented.tables.get(job.table.id.schema, ())
        return self._known.match(job.table, neighbours=beside)

    def _opening(self, table: Table) -> str:
        return "" if self._own_style else table_sentences.table_opening(table)

    def _example(self, table: Table, target: Target) -> str | None:
        if self._in_house:
            return self._documented.nearest.house_line(table, target)
        return self._nearest.line(table, target, self._documented.nearest)

    def _spelled(self, job: Job) -> Job:
        """The job with its names written out, or itself where no term touches it."""
        glossary = self._glossary()
        found = spelling.spell(job.table, glossary.of) if len(glossary) else None
        # Whoever took the sample, only what may be named gets into prompts and rules.
        profiles = inside(job.table, job.profiles)
        if found is None:
            return replace(job, profiles=profiles)
        spelled = {found.names.get(name, name): each for name, each in profiles.items()}
        return Job(
            found.table,
            tuple(found.target(target) for target in job.targets),
            inside(found.table, spelled),
            asked=job,
        )

    def _as_told(self, job: Job, match: Match | None, target: Target) -> Draft | None:
        """A draft of what somebody wrote, who knew; None where nobody did.

        The text of the same column elsewhere goes before the glossary, where it has the
        whole name, and that before the documentation of a known system.
        """
        column = job.table.column(target.name) if isinstance(target, ColumnId) else None
        base, here = job.bases.get(target.name), job.table
        if column and (same := self._documented.describe(here, column, base)):
            source, text, origin = Source.INHERITED, same[0], str(same[1])
        elif term := spelling.whole(target.name, self._glossary().of(here.id)):
            source, text = Source.GLOSSARY, spelling.sentence(term)
            origin = f"glossary: {term.term.strip()}"
        elif match is not None and column_of(target) in match.texts:
            source, text = Source.KNOWN, match.texts[column_of(target)]
            origin = f"{match.system}: {match.table}"
        else:
            return None
        findings = checks.writing_only(text, limit=self._limit(target))
        return Draft(
            target=target,
            text=text,
            source=source,
            confidence=TOLD_CONFIDENCE[source] * PENALTY ** len(findings),
            findings=findings,
            origin=origin,
        )

    def _decide(
        self,
        job: Job,
        target: Target,
        used: set[str],
        texts: Sequence[Generation] = (),
        fingerprint: str | None = None,
    ) -> Draft:
        """Choose between the rules' sentences and the model's, and check the choice.

        Args:
            job: what is drafted.
            target: what is described.
            used: texts that other columns of the table have been given.
            texts: what the model wrote, and sentences by rules that it weighed.
            fingerprint: of the prompt it saw.
        """
        written, *weighed = texts or (None,)
        candidates = self._weighed(job, target, weighed)
        if not candidates and (by_rules := _by_rules(job, target)):
            # What a model wrote was found not to be sure before it was asked.
            sure = written is None and self._is_sure(job, target)
            candidates.append(Candidate(by_rules, Source.RULES, sure=sure))
        guess = self._finish(job, target, written.text) if written is not None else ""
        if written is not None and guess:
            wrong = UNUSABLE & set(self._check(job, target, guess, written))
            if not wrong:
                candidates.append(
                    Candidate(guess, Source.MODEL, written.logprob, written.tokens)
                )
            elif Finding.LEAK in wrong:
                guess = ""  # nor is it kept as a guess
        if self._seen is not None:
            self._seen(job.asked or job, job.real(target), candidates)
        candidates = unlike(candidates, used)
        choice = choose(
            candidates,
            job.table,
            target,
            self._calibration,
        )
        findings: tuple[Finding, ...] = ()
        if choice.text is not None:
            used.add(choice.text.lower())
            findings = self._check(job, target, choice.text, None)
        real = job.real(target)
        guess = guess or humanize(split(real.name))
        return self._chances.steady(
            Draft(
                target=real,
                text=choice.text,
                source=choice.source,
                confidence=choice.confidence
                * (1.0 if choice.measured else PENALTY ** len(findings)),
                findings=findings,
                model=self._model.name if self._model and written is not None else None,
                prompt=fingerprint,
                guess=guess if choice.text is None else None,
                effort=_effort(texts),
            )
        )

    def _weighed(
        self, job: Job, target: Target, weighed: Sequence[Generation]
    ) -> list[Candidate]:
        """The sentences by rules as candidates; of the others only those with sense."""
        profile = job.profile(target)
        codes = profile.codes if profile else ()
        found: list[Candidate] = []
        for each in weighed:
            if not each.text:  # the prompt did not fit
                continue
            text = rules.with_codes(each.text, codes)
            if not found or not UNUSABLE & set(self._check(job, target, text, None)):
                found.append(Candidate(text, Source.RULES, each.logprob, each.tokens))
        return found

    def _is_sure(self, job: Job, target: Target) -> bool:
        """Whether the rules' sentence stands without asking the small model.

        Of tables readers took nearly all texts by the rules before those by the model;
        of columns that goes for names which say the same everywhere, if no text of the
        house is near. A large model may know more, so it is asked all the same, and so
        is one that learned a house's own way to say it, if there is an example.
        """
        if self._large or (self._own_style and self._example(job.table, target)):
            return False
        if isinstance(target, TableId):
            return table_sentences.describe_table(job.table) is not None
        column = job.table.column(target.name)
        if column is None or rules.sure_sentence(job.table, column) is None:
            return False
        asked = example_of(job.table, target, "", origin="")
        return self._documented.nearest.find(asked) is None

    def _finish(self, job: Job, target: Target, raw: str) -> str:
        if self._large:
            return long.finish(raw)
        if isinstance(target, TableId):
            raw = self._opening(job.table) + raw
        text = compact.finish(raw)
        if self._own_style:
            return text
        clause = rules.reference_clause(text, job.table, target) if text else None
        return f"{text} {clause}" if clause else text

    def _check(
        self, job: Job, target: Target, text: str, generation: Generation | None
    ) -> tuple[Finding, ...]:
        found = checks.find(
            text,
            job.table,
            target,
            job.profile(target),
            beside=job.profiles,
            limit=self._limit(target),
            complete=generation is None or generation.complete,
            by_large=self._large,
            known=self._known_words,
        )
        if job.asked is not None and Finding.RESTATES in found:
            # The words of the glossary are news to whoever reads the name as it is.
            real = job.real(target)
            if not checks.restates(text, job.asked.table, real):
                return tuple(each for each in found if each is not Finding.RESTATES)
        return found


def undescribed(table: Table, taken: Sequence[Target] = ()) -> tuple[Target, ...]:
    """What of a table lacks a comment and is not in `taken`.

    What cannot take one here is among it: its description goes to files.
    """
    found: list[Target] = [] if table.comment is not None else [table.id]
    found += [column.id for column in table.columns if column.comment is None]
    skip = set(taken)
    return tuple(target for target in found if target not in skip)


def _effort(texts: Sequence[Generation]) -> Effort | None:
    """What a text and those weighed beside it took; None where no model was asked."""
    if not texts:
        return None
    read, seconds = sum(t.read for t in texts), sum(t.seconds for t in texts)
    return Effort(read, texts[0].tokens, seconds)


def _readings(table: Table, target: Target) -> tuple[str, ...]:
    column = table.column(target.name) if isinstance(target, ColumnId) else None
    return readings(table, column) if column is not None else ()


def _no_readings(table: Table, target: Target) -> tuple[str, ...]:
    return ()


def _by_rules(job: Job, target: Target) -> str | None:
    if isinstance(target, TableId):
        return table_sentences.describe_table(job.table)
    column = job.table.column(target.name)
    if column is None:
        return None
    return rules.describe_column(job.table, column, job.profile(target))
