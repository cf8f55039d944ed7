"""Reads the boards: `boards/*.yaml`.

Does not judge them (see `schemas.board_lint`) and does not show them (see `dashboard`).
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from schemas.catalogue import BoardDefinition, BoardSection, Card, CardKind, Experiment, Label
from schemas.metric_files import read_exceptions, read_optional_label, read_stage
from schemas.references import check_known, check_planned, read_id
from schemas.yaml_lines import Text, did_you_mean
from schemas.yaml_sections import Section

_BOARD_ID = re.compile(r"[a-z][a-z0-9_-]*")
_OWN_PROPERTY = "property."

_BoardKind = Literal["overview", "exec", "squad", "experiment", "cards"]
_Cadence = Literal["live", "daily", "weekly", "monthly", "quarterly"]
_KINDS: tuple[_BoardKind, ...] = ("overview", "exec", "squad", "experiment", "cards")
_CADENCES: tuple[_Cadence, ...] = ("live", "daily", "weekly", "monthly", "quarterly")


@dataclass(frozen=True, slots=True)
class OnBoards:
    """What a board may refer to."""

    metrics: Collection[str]
    funnels: Collection[str]
    dimensions: Collection[str]
    events: Collection[str]


def read_board(section: Section, known: OnBoards) -> BoardDefinition:
    """One board."""
    identifier = read_id(section, _BOARD_ID, "growth_squad (a–z, 0–9, _, -)")
    kind = section.choice("kind", _KINDS, "cards")
    board = BoardDefinition(
        id=identifier,
        label=section.label("label", identifier),
        owner=section.text("owner"),
        sections=tuple(_read_section(item, known) for item in section.sections("sections")),
        kind=kind,
        audience=read_optional_label(section, "audience"),
        cadence=section.choice("cadence", _CADENCES, "weekly") if "cadence" in section else "",
        preset=section.text("preset"),
        period_days=section.days("period", 28),
        grain=section.choice("grain", ("day", "week", "month"), "day"),
        refresh_seconds=_read_refresh(section),
        branch=read_stage(section, "branch"),
        experiment=_read_experiment(section, known),
        exceptions=read_exceptions(section),
        file=section.file,
        line=section.line,
    )
    section.close()
    _check_whole(board, section)
    return board


def _check_whole(board: BoardDefinition, section: Section) -> None:
    if board.kind == "cards" and not any(part.cards for part in board.sections):
        section.report(section.line, 'the board shows nothing; add "sections" with "cards"')
    if board.kind == "experiment" and board.experiment is None:
        section.report(section.line, 'a board of the kind "experiment" needs "experiment: {id, conversion}"')


def _read_refresh(section: Section) -> int:
    """0 when nothing is said: the page does not ask again, and the lint says so."""
    seconds = section.duration("refresh", 0.0)
    if seconds % 1:
        section.report(section.line_of("refresh"), '"refresh" must be whole seconds')
    return int(seconds)


def _read_experiment(section: Section, known: OnBoards) -> Experiment | None:
    inner = section.section("experiment")
    if inner is None:
        return None
    conversion, inputs = inner.placed("conversion"), inner.texts("inputs")
    check_planned(conversion, known.events, inner.findings)
    for name in inputs:
        check_known(name, "metric", known.metrics, inner.findings)
    experiment = Experiment(inner.text("id", required=True), conversion.value, tuple(name.value for name in inputs))
    inner.close()
    return experiment


def _read_section(section: Section, known: OnBoards) -> BoardSection:
    label: Label = section.label("label", "")
    cards = tuple(card for item in section.sections("cards") if (card := _read_card(item, known)) is not None)
    section.close()
    return BoardSection(label, cards)


def _read_card(section: Section, known: OnBoards) -> Card | None:
    """A mapping with one kind of card, beside it `split` and `label`."""
    kinds = [kind for kind in _CARDS if kind in section]
    split, label = section.placed("split", required=False), read_optional_label(section, "label")
    if len(kinds) != 1:
        if not kinds and set(section.names()) <= {"split", "label"}:
            section.report(section.line, f"names no kind of card; there are {', '.join(_CARDS)}")
        elif kinds:
            section.report(section.line, f"a card shows one thing, not {' and '.join(kinds)}; make two cards")
        section.close()
        return None
    content = _CARDS[kinds[0]](section, kinds[0], known)
    _check_dimension(split, known, section)
    section.close()
    return Card(kinds[0], content.metrics, content.funnel, split.value, label, content.subject)


@dataclass(frozen=True, slots=True)
class _Content:
    metrics: tuple[str, ...] = ()
    funnel: str = ""
    subject: Literal["person", "customer", ""] = ""


def _one_metric(section: Section, kind: str, known: OnBoards) -> _Content:
    name = section.placed(kind)
    check_known(name, "metric", known.metrics, section.findings)
    return _Content((name.value,))


def _metrics(section: Section, kind: str, known: OnBoards) -> _Content:
    names = section.texts(kind)
    if not names:
        section.report(section.line_of(kind), f'"{kind}" is empty; list metrics')
    for name in names:
        check_known(name, "metric", known.metrics, section.findings)
    return _Content(tuple(name.value for name in names))


def _funnel(section: Section, kind: str, known: OnBoards) -> _Content:
    name = section.placed(kind)
    check_known(name, "funnel", known.funnels, section.findings)
    return _Content(funnel=name.value)


def _cohorts(section: Section, kind: str, known: OnBoards) -> _Content:
    subjects: tuple[Literal["person", "customer"], ...] = ("person", "customer")
    return _Content(subject=section.choice(kind, subjects, "person"))


def _shown(section: Section, kind: str, known: OnBoards) -> _Content:
    if not section.flag(kind, default=True):
        section.report(section.line_of(kind), f'remove the card instead of "{kind}: false"')
    return _Content()


def _check_dimension(split: Text, known: OnBoards, section: Section) -> None:
    if not split.value or split.value in known.dimensions or split.value.removeprefix(_OWN_PROPERTY) != split.value:
        return
    hint = did_you_mean(split.value, known.dimensions) or f"; there are {', '.join(known.dimensions)}, property.<name>"
    section.report(split.line, f'nothing can be split by "{split.value}"{hint}')


_CARDS: Mapping[CardKind, Callable[[Section, str, OnBoards], _Content]] = {
    "number": _one_metric,
    "line": _one_metric,
    "bars": _one_metric,
    "segments": _one_metric,
    "table": _metrics,
    "stages": _metrics,
    "funnel": _funnel,
    "cohorts": _cohorts,
    "tree": _shown,
    "alerts": _shown,
    "decisions": _shown,
    "notes": _shown,
}
