"""The named rules for boards and the tree: few cards, an owner, fresh numbers, one north star.

Does not find what makes a board unusable: see `schemas.board_files`.
"""

from collections.abc import Callable, Iterator, Mapping

from schemas.catalogue import BoardDefinition, Card, CardKind, Label
from schemas.definitions import PlannedProperty
from schemas.lint_findings import LintFinding, finding, missing_languages
from schemas.metric_lint import Judged, tree_metrics

EXEC_CARDS = 5
TEAM_CARDS = 7
STARTER_CARDS = 3
ROWS: Mapping[CardKind, int] = {"table": 8, "stages": 16}
"""Metrics in one card; stages are two for each, as awareness to referral is read at a glance."""

CATEGORIES = 6
"""A handful, and the others."""

_NOTHING_TO_READ = ("decisions", "notes")
"""Lines that people write; no number asks for attention there."""

_CHARTS = ("bars", "line")
_UNBOUNDED = ("account",)
_OWN_PROPERTY = "property."


def lint_boards(ground: Judged) -> Iterator[LintFinding]:
    """Every broken rule of every board, and of the tree."""
    for board in ground.catalogue.boards.values():
        for rule in BOARD_RULES.values():
            yield from rule(board, ground)
    yield from _lint_tree(ground)


def cards_of(board: BoardDefinition) -> list[Card]:
    return [card for section in board.sections for card in section.cards]


def _has_owner(board: BoardDefinition, ground: Judged) -> Iterator[LintFinding]:
    if not board.owner:
        yield finding(board, "no-owner", "name an owner: without one nobody acts")


def _says_for_whom(board: BoardDefinition, ground: Judged) -> Iterator[LintFinding]:
    if not any(board.audience.values()):
        yield finding(board, "no-audience", 'say for whom it is ("audience")')


def _says_how_often(board: BoardDefinition, ground: Judged) -> Iterator[LintFinding]:
    if not board.cadence:
        yield finding(board, "no-cadence", 'say how often it is looked at ("cadence: weekly")')


def _is_refreshed(board: BoardDefinition, ground: Judged) -> Iterator[LintFinding]:
    if board.refresh_seconds == 0:
        yield finding(board, "no-refresh", 'it shows old numbers until somebody reloads it; add "refresh: 1m"')


def _has_few_cards(board: BoardDefinition, ground: Judged) -> Iterator[LintFinding]:
    """The order of an overview is given, and so is its length."""
    cards = [card for card in cards_of(board) if card.kind not in _NOTHING_TO_READ]
    most = STARTER_CARDS if board.preset == "starter" else EXEC_CARDS if board.kind == "exec" else TEAM_CARDS
    if board.kind != "overview" and len(cards) > most:
        message = f"{len(cards)} cards make a museum; keep the {most} that lead to a decision"
        yield finding(board, "too-many-cards", message)
    for card in cards:
        if len(card.metrics) > (rows := ROWS.get(card.kind, 1)):
            message = f'a "{card.kind}" of {len(card.metrics)} metrics makes a museum; keep {rows} at most'
            yield finding(board, "too-many-cards", message)


def _has_few_categories(board: BoardDefinition, ground: Judged) -> Iterator[LintFinding]:
    for card in cards_of(board):
        if card.kind in _CHARTS and card.split:
            count = _categories(card.split, ground)
            if count is None or count > CATEGORIES:
                many = "any number of" if count is None else str(count)
                message = f'"{card.metrics[0]}" by {card.split} has {many} categories; show it as segments, or filter'
                yield finding(board, "too-many-categories", message)


def _categories(dimension: str, ground: Judged) -> int | None:
    """How many values the plan allows; None: any number; 0: it does not say."""
    if dimension in _UNBOUNDED:
        return None
    name = dimension.removeprefix(_OWN_PROPERTY)
    planned = (item for event in ground.plan.events for item in event.properties if item.name == name)
    properties: list[PlannedProperty] = list(planned) if name != dimension else []
    return max((len(item.enum) for item in properties), default=0)


def _shows_living_metrics(board: BoardDefinition, ground: Judged) -> Iterator[LintFinding]:
    names = dict.fromkeys(name for card in cards_of(board) for name in card.metrics)
    for name in names:
        if ground.metrics[name].lifecycle == "retired":
            yield finding(board, "retired-metric", f'shows "{name}", which is retired; take it off')


def _is_in_both_languages(board: BoardDefinition, ground: Judged) -> Iterator[LintFinding]:
    texts: list[tuple[str, Label]] = [("label", board.label), ("audience", board.audience)]
    texts += [(f"label of section {number}", section.label) for number, section in enumerate(board.sections, 1)]
    texts += [("label of a card", card.label) for card in cards_of(board)]
    for key, text in texts:
        yield from missing_languages(board, key, text)


def _lint_tree(ground: Judged) -> Iterator[LintFinding]:
    """One north star, on top of the tree; what is under it are inputs."""
    tree = ground.catalogue.tree
    for metric in ground.metrics.values():
        is_top = tree is not None and tree.metric == metric.id
        if metric.role == "nsm" and not is_top:
            top = f'the tree has "{tree.metric}" on top' if tree else 'workspace.yaml names no "north_star"'
            yield finding(metric, "one-north-star", f"calls itself the north star, but {top}")
        if is_top and metric.role != "nsm":
            yield finding(metric, "one-north-star", 'is the north star; write "role: nsm"')
    for name in tree_metrics(tree):
        if ground.metrics[name].lifecycle == "retired":
            yield finding(ground.metrics[name], "retired-metric", "is in the tree, but retired; take it out")


BoardRule = Callable[[BoardDefinition, Judged], Iterator[LintFinding]]

BOARD_RULES: Mapping[str, BoardRule] = {
    "no-owner": _has_owner,
    "no-audience": _says_for_whom,
    "no-cadence": _says_how_often,
    "no-refresh": _is_refreshed,
    "too-many-cards": _has_few_cards,
    "too-many-categories": _has_few_categories,
    "retired-metric": _shows_living_metrics,
    "missing-language": _is_in_both_languages,
}
