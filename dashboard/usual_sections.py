"""What a board shows whose definition lists no sections: the usual of its kind, from what the catalogue has.

Does not overrule a definition that says what it shows.
"""

from collections.abc import Iterator, Sequence

from schemas.catalogue import BoardDefinition, BoardSection, Card, Catalogue, TreeNode
from schemas.definitions import Workspace

_NAMES = {
    "north_star": {"en": "North star", "fr": "Étoile du Nord"},
    "inputs": {"en": "Inputs", "fr": "Leviers"},
    "funnel": {"en": "Funnel", "fr": "Entonnoir"},
    "cohorts": {"en": "Cohorts", "fr": "Cohortes"},
    "alerts": {"en": "Alerts", "fr": "Alertes"},
    "decisions": {"en": "Decisions", "fr": "Décisions"},
}
_INPUTS_SHOWN = 7


def sections_of(board: BoardDefinition, catalogue: Catalogue, workspace: Workspace) -> Sequence[BoardSection]:
    """The board's own sections, else those of its kind."""
    if board.sections:
        return board.sections
    return [BoardSection(_NAMES[name], cards) for name, cards in _usual(board, catalogue, workspace) if cards]


def _usual(
    board: BoardDefinition, catalogue: Catalogue, workspace: Workspace
) -> Iterator[tuple[str, tuple[Card, ...]]]:
    tree = catalogue.tree
    if board.kind in ("overview", "exec"):
        yield "north_star", (Card("line", (tree.metric,)),) if tree else ()
    yield "inputs", tuple(Card("number", (name,)) for name in _inputs(board, tree))
    if board.kind == "squad":
        yield "funnel", tuple(Card("funnel", funnel=funnel.id) for funnel in workspace.stream.funnels[:1])
    if board.kind in ("squad", "overview"):
        yield "cohorts", (Card("cohorts", subject="person"),)
    if board.kind == "exec":
        yield "alerts", (Card("alerts"),)
        yield "decisions", (Card("decisions"),)


def _inputs(board: BoardDefinition, tree: TreeNode | None) -> Sequence[str]:
    """Those of the board's branch, or what its experiment should move; else the first of every branch."""
    if board.experiment is not None:
        return board.experiment.inputs
    if tree is None:
        return ()
    if board.branch is not None:
        return [node.metric for node in tree.inputs if node.branch == board.branch][:_INPUTS_SHOWN]
    first = {node.branch: node.metric for node in reversed(tree.inputs)}
    return list(dict.fromkeys(first[node.branch] for node in tree.inputs))[:_INPUTS_SHOWN]
