"""The north star tree with live values: each node a card, and below it the inputs that move it.

Does not measure.
"""

from typing import Any

from dashboard.cards import CardSource, read_card
from dashboard.periods import Days
from schemas.catalogue import TreeNode


def read_tree(source: CardSource, tree: TreeNode | None, days: Days) -> dict[str, Any] | None:
    """The node of the north star with all below it, as of one moment; None while nothing is it. Blocks."""
    if tree is None:
        return None
    with source.measures.one_moment():
        return _node(source, tree, days)


def _node(source: CardSource, node: TreeNode, days: Days) -> dict[str, Any]:
    card = read_card(source, node.metric, days)
    return card | {"branch": node.branch, "inputs": [_node(source, below, days) for below in node.inputs]}
