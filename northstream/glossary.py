"""The glossary of a catalogue in one language: each metric's definition and what is said about it, by stage.

Does not write files: see `northstream.glossary_html`, `northstream.glossary_markdown`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import get_args

from dashboard.texts import said_in, texts_of
from dashboard.written_numbers import Spelling
from northstream.glossary_words import UNITS, WORDS
from schemas.alerts import MetricSubject, Subject
from schemas.catalogue import Catalogue, Label, MetricDefinition, Stage, TreeNode
from schemas.compute_walk import metrics_of
from schemas.computes import Expression, Ratio
from schemas.definitions import Language, Workspace


@dataclass(frozen=True, slots=True)
class GlossaryEntry:
    """A metric: its id is its anchor; `facts` are names and texts in the order in which they are read."""

    id: str
    label: str
    definition: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Glossary:
    """`stages`: headings with their metrics, in the order of the stages."""

    language: Language
    title: str
    other_language: str
    stages: Sequence[tuple[str, Sequence[GlossaryEntry]]]


def build_glossary(workspace: Workspace, catalogue: Catalogue, language: Language) -> Glossary:
    """All metrics, retired ones too: their numbers are still on old pages."""
    words = WORDS[language]
    writer = _Writer(workspace, catalogue, language)
    stages = []
    for stage in (*get_args(Stage), None):
        entries = [writer.entry(metric) for metric in catalogue.metrics.values() if metric.stage == stage]
        if entries:
            stages.append((writer.stage(stage), entries))
    return Glossary(language, words["title"].format(name=workspace.name), words["other_language"], stages)


class _Writer:
    """Writes entries in one language."""

    def __init__(self, workspace: Workspace, catalogue: Catalogue, language: Language) -> None:
        self._workspace = workspace
        self._catalogue = catalogue
        self._language = language
        self._words = WORDS[language]
        self._texts = texts_of(language)
        self._spelling = Spelling(language, workspace.currency, self._texts)
        self._branches: Mapping[str, str] = dict(self._in_tree(catalogue.tree))

    def stage(self, stage: Stage | None) -> str:
        return self._words["no_stage"] if stage is None else self._texts[f"stage_{stage}"]

    def entry(self, metric: MetricDefinition) -> GlossaryEntry:
        facts = [(self._words[name], text) for name, text in self._facts(metric) if text]
        return GlossaryEntry(metric.id, self._said(metric.label), self._said(metric.definition), facts)

    def _facts(self, metric: MetricDefinition) -> Iterator[tuple[str, str]]:
        yield "id", metric.id
        yield "formula", metric.formula or _formula_of(metric)
        yield "unit", UNITS[self._language][metric.unit].format(currency=self._workspace.currency)
        yield "owner", metric.owner
        yield "decision", self._said(metric.decision)
        yield "objective", self._objective(metric)
        yield "target", self._target(metric)
        yield "thresholds", self._thresholds(metric)
        yield "kind", ", ".join(self._words[word] for word in (metric.role, metric.timing) if word)
        yield "source", metric.source
        yield "benchmark", self._benchmark(metric)
        yield "hypothesis", metric.hypothesis
        yield "status", self._words.get(metric.lifecycle, "")
        yield "review", "" if metric.review_by is None else self._spelling.day(metric.review_by, with_year=True)
        yield "version", str(metric.version)
        yield "used_in", self._uses(metric)

    def _said(self, label: Label) -> str:
        return said_in(label, self._language) if label else ""

    def _objective(self, metric: MetricDefinition) -> str:
        objective = metric.objective
        if objective is None:
            return ""
        text = self._said(objective.text)
        if objective.baseline is None:
            return text
        return self._words["baseline"].format(text=text, value=self._spelling.value(metric, objective.baseline))

    def _target(self, metric: MetricDefinition) -> str:
        target = metric.target
        text = self._valued(metric, target.value) if target.value is not None else target.condition
        if not text or target.by is None:
            return text
        return self._words["target_by"].format(value=text, day=self._spelling.day(target.by, with_year=True))

    def _thresholds(self, metric: MetricDefinition) -> str:
        if metric.orange is None and metric.red is None:
            return ""
        orange, red = (self._spelling.value(metric, value) for value in (metric.orange, metric.red))
        return self._words[metric.direction].format(orange=orange, red=red) + self._per(metric)

    def _valued(self, metric: MetricDefinition, value: Decimal) -> str:
        return self._spelling.value(metric, value) + self._per(metric)

    def _per(self, metric: MetricDefinition) -> str:
        return f" {self._words['per'].format(per=self._words[f'per_{metric.per}'])}" if metric.per else ""

    def _benchmark(self, metric: MetricDefinition) -> str:
        benchmark = metric.benchmark
        if benchmark is None:
            return ""
        at = "" if benchmark.at is None else f", {self._spelling.day(benchmark.at, with_year=True)}"
        return f"{self._spelling.value(metric, benchmark.value)} ({benchmark.source}{at})"

    def _uses(self, metric: MetricDefinition) -> str:
        boards = (
            self._said(board.label)
            for board in self._catalogue.boards.values()
            if any(metric.id in card.metrics for section in board.sections for card in section.cards)
        )
        others = (
            self._said(other.label)
            for other in self._catalogue.metrics.values()
            if metric.id in metrics_of(other.compute)
        )
        alerts = (rule.alert for rule in self._workspace.alerts.rules if _looks_at(rule.subject, metric))
        branch = [self._branches[metric.id]] if metric.id in self._branches else []
        uses = {"tree": branch, "boards": list(boards), "metrics": list(others), "alerts": list(alerts)}
        told = [self._words[kind].format(names=", ".join(names)) for kind, names in uses.items() if names]
        return "; ".join(told) or self._words["nowhere"]

    def _in_tree(self, node: TreeNode | None) -> Iterator[tuple[str, str]]:
        if node is not None:
            yield node.metric, self.stage(node.branch) if node.branch else self._words["tree_top"]
            for child in node.inputs:
                yield from self._in_tree(child)


def _looks_at(subject: Subject, metric: MetricDefinition) -> bool:
    """At the metric or a segment of it."""
    return isinstance(subject, MetricSubject) and subject.metric == metric.id


def _formula_of(metric: MetricDefinition) -> str:
    """For a metric whose author wrote none: the computation itself, where it is readable."""
    match metric.compute:
        case Expression(text):
            return text
        case Ratio(str(numerator), str(denominator), scale):
            return f"{numerator} ÷ {denominator}" + ("" if scale == 1 else f" × {scale:g}")
        case _:
            return ""
