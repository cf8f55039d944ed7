"""A digest in a reader's words: every number, day, name and heading as text, in the order in which it is read.

Does not draw: see `digest_formats`. Nothing here is markup.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboard.digest import Digest, Kpi, Move, Reason
from dashboard.texts import said_in
from dashboard.weeks import written_week
from dashboard.written_numbers import NO_VALUE, Spelling
from schemas.catalogue import Catalogue
from schemas.measuring import OTHERS
from schemas.notes import Action, Decision

MOST_SHOWN = 20
"""Gaps beyond these are counted, not told."""


@dataclass(frozen=True, slots=True)
class Line:
    """A KPI. `colour` is a name for style, `status` its word. `note`: its days, where they are not the week's."""

    metric: str
    label: str
    value: str
    change: str
    is_better: bool | None
    target: str
    colour: str
    status: str
    owner: str
    decision: str
    note: str


@dataclass(frozen=True, slots=True)
class Story:
    """What moved, and the sentences that say why."""

    metric: str
    headline: str
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A decision or an action. `state` is a name for style, `word` its word; `facts` are said after the text."""

    id: str
    kind: str
    state: str
    word: str
    text: str
    facts: Sequence[str]
    metric: str
    version: int


@dataclass(frozen=True, slots=True)
class WrittenDigest:
    """`week`, `earlier`, `later` as in addresses. Captions come with the texts of the language."""

    week: str
    earlier: str
    later: str
    title: str
    subtitle: str
    kpis: Sequence[Line]
    gaps: Sequence[Line]
    more_gaps: str
    stories: Sequence[Story]
    earlier_decisions: Sequence[NoteLine]
    earlier_actions: Sequence[NoteLine]
    decisions: Sequence[NoteLine]
    actions: Sequence[NoteLine]
    not_computable: Sequence[str]


@dataclass(frozen=True, slots=True)
class Writer:
    """Words a digest for one reader."""

    spelling: Spelling
    catalogue: Catalogue
    company: str

    def write(self, digest: Digest, earlier: str, later: str) -> WrittenDigest:
        say = self.spelling.texts
        days = self.spelling.days(digest.monday, digest.last)
        more = len(digest.gaps) - MOST_SHOWN
        return WrittenDigest(
            week=written_week(digest.monday),
            earlier=earlier,
            later=later,
            title=f"{self.company} · {say['digest_title']}",
            subtitle=" · ".join([written_week(digest.monday), days, *self._standing(digest)]),
            kpis=[self._line(kpi, digest) for kpi in digest.kpis],
            gaps=[self._line(kpi, digest) for kpi in digest.gaps[:MOST_SHOWN]],
            more_gaps=say["digest_more_gaps"].format(count=more) if more > 0 else "",
            stories=[self._story(move) for move in digest.moves],
            earlier_decisions=[self.decision(each) for each in digest.earlier_decisions],
            earlier_actions=[self.action(each) for each in digest.earlier_actions],
            decisions=[self.decision(each) for each in digest.decisions],
            actions=[self.action(each) for each in digest.actions],
            not_computable=digest.not_computable,
        )

    def _standing(self, digest: Digest) -> list[str]:
        """What keeps the numbers from being final."""
        if digest.is_running:
            return [self.spelling.texts["digest_running"]]
        return [] if digest.is_settled else [self.spelling.texts["digest_not_settled"]]

    def decision(self, decision: Decision) -> NoteLine:
        say = self.spelling.texts
        facts = [*self._about(decision.metric), *_told(say["digest_owner"], decision.owner)]
        facts += _told(say["digest_outcome"], decision.outcome)
        word = say[f"course_{decision.course}"]
        stamp = decision.stamp
        return NoteLine(
            stamp.id, "decisions", decision.course, word, decision.text, facts, decision.metric, stamp.version
        )

    def action(self, action: Action) -> NoteLine:
        say, spell = self.spelling.texts, self.spelling
        facts = [*self._about(action.metric), *_told(say["digest_owner"], action.owner)]
        facts += _told(say["digest_due"], spell.day(action.due, with_year=True) if action.due else "")
        facts += _told(say["digest_effect"], action.expected_effect)
        facts += _told(say["digest_budget"], spell.money(action.budget) if action.budget is not None else "")
        facts += _told(say["digest_closed"], spell.day(action.closed_on, with_year=True) if action.closed_on else "")
        word = say[f"action_{action.status}"]
        stamp = action.stamp
        return NoteLine(stamp.id, "actions", action.status, word, action.text, facts, action.metric, stamp.version)

    def _about(self, metric: str) -> list[str]:
        known = self.catalogue.metrics.get(metric)
        return [said_in(known.label, self.spelling.language) if known else metric] if metric else []

    def _line(self, kpi: Kpi, digest: Digest) -> Line:
        metric, spell = kpi.metric, self.spelling
        is_better = None
        change = spell.change(metric, kpi.value, kpi.previous)
        if kpi.value is not None and kpi.previous is not None and any(digit in change for digit in "123456789"):
            is_better = (kpi.value > kpi.previous) == (metric.direction == "up")
        colour = "red" if kpi.is_gap and kpi.colour in ("none", "green") else kpi.colour
        return Line(
            metric=metric.id,
            label=self._label(metric.id),
            value=spell.value(metric, kpi.value),
            change=change,
            is_better=is_better,
            target=self._target(kpi),
            colour=colour,
            status=spell.texts[f"digest_colour_{colour}"],
            owner=metric.owner,
            decision=said_in({"en": "", **metric.decision}, spell.language),
            note=self._note(kpi, digest),
        )

    def _target(self, kpi: Kpi) -> str:
        target, spell = kpi.metric.target, self.spelling
        if target.condition:
            aim = f"{target.condition} ({spell.texts['digest_met' if target.is_met else 'digest_not_met']})"
        elif target.value is not None and (kpi.is_against_target or kpi.is_maturing):
            aim = spell.value(kpi.metric, target.value)
        else:
            return NO_VALUE
        if target.by is None:
            return aim
        return f"{aim}, {spell.texts['digest_by'].format(day=spell.day(target.by, with_year=True))}"

    def _note(self, kpi: Kpi, digest: Digest) -> str:
        notes = [self.spelling.texts["digest_maturing"]] if kpi.is_maturing else []
        if (kpi.first, kpi.last) != (digest.monday, digest.last):
            notes.append(self.spelling.days(kpi.first, kpi.last))
        return ", ".join(notes)

    def _story(self, move: Move) -> Story:
        kpi, spell = move.kpi, self.spelling
        headline = spell.texts["digest_moved"].format(
            metric=self._label(kpi.metric.id),
            before=spell.value(kpi.metric, kpi.previous),
            now=spell.value(kpi.metric, kpi.value),
            change=spell.change(kpi.metric, kpi.value, kpi.previous),
        )
        return Story(kpi.metric.id, headline, [self._reason(kpi, reason) for reason in move.reasons])

    def _reason(self, kpi: Kpi, reason: Reason) -> str:
        share, say = reason.share, self.spelling.texts
        dimension = reason.dimension
        name = f"{dimension} “{self._segment(share.name)}”" if dimension else self._input(share.name)
        part = f" ({say['digest_part_' + share.part]})" if share.part in ("mix", "rate") else ""
        doubt = say.get(f"digest_doubt_{share.suspect}", share.suspect)
        doubt = f" — {say['digest_suspect']}: {doubt}" if doubt else ""
        return f"{name}{part}: {self.spelling.share(kpi.metric, share.share)}{doubt}"

    def _input(self, name: str) -> str:
        """A metric by its label; the parts of a rate that is made of no metrics by what they are."""
        if name in self.catalogue.metrics:
            return self._label(name)
        return self.spelling.texts.get(f"digest_{name}", name)

    def _segment(self, name: str) -> str:
        if name == OTHERS:
            return self.spelling.texts["digest_others"]
        return name or self.spelling.texts["digest_nobody_said"]

    def _label(self, metric: str) -> str:
        return said_in(self.catalogue.metrics[metric].label, self.spelling.language)


def _told(caption: str, value: str) -> list[str]:
    return [f"{caption}: {value}"] if value else []


def note_lists(digest: WrittenDigest, texts: Mapping[str, str]) -> list[tuple[str, Sequence[NoteLine]]]:
    """What was noted, in the order of reading, each under its caption."""
    return [
        (texts["digest_earlier_decisions"], digest.earlier_decisions),
        (texts["digest_earlier_actions"], digest.earlier_actions),
        (texts["digest_decisions"], digest.decisions),
        (texts["digest_actions"], digest.actions),
    ]
