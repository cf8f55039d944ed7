"""Reads the north star and its input tree: `north_star` and `tree` of `workspace.yaml`.

Does not read the metrics; their ids are handed in.
"""

from collections.abc import Collection
from typing import get_args

import yaml

from schemas.catalogue import Stage, TreeNode
from schemas.references import check_known
from schemas.yaml_lines import Text, did_you_mean, line_of_node, text_of
from schemas.yaml_sections import Section

_STAGES: tuple[Stage, ...] = get_args(Stage)


def read_tree(main: Section, metrics: Collection[str]) -> TreeNode | None:
    """The tree, its root the north star; None while there is none."""
    north_star, branches = main.placed("north_star", required=False), main.section("tree")
    if not north_star.value:
        if branches is not None:
            main.report(main.line_of("tree"), 'there is a "tree", but nothing on top of it; add "north_star"')
        return None
    check_known(north_star, "metric", metrics, main.findings)
    reader = _TreeReader(metrics, {north_star.value: north_star.line})
    inputs = (
        () if branches is None else tuple(node for name in branches.names() for node in reader.branch(branches, name))
    )
    return TreeNode(north_star.value, None, inputs)


class _TreeReader:
    """Remembers where each metric stands: one that stood twice would count twice in what moved the north star."""

    def __init__(self, metrics: Collection[str], lines: dict[str, int]) -> None:
        self._metrics = metrics
        self._lines = lines

    def branch(self, branches: Section, name: str) -> tuple[TreeNode, ...]:
        stage = next((stage for stage in _STAGES if stage == name), None)
        if stage is None:
            hint = did_you_mean(name, _STAGES) or f"; there are {', '.join(_STAGES)}"
            branches.report(branches.line_of(name), f'"{name}" is no branch of the tree{hint}')
        return self._nodes(branches, name, stage)

    def _nodes(self, parent: Section, key: str, stage: Stage | None) -> tuple[TreeNode, ...]:
        return tuple(node for item in parent.items(key) for node in self._node(parent, item, stage))

    def _node(self, parent: Section, item: yaml.Node, stage: Stage | None) -> list[TreeNode]:
        """A metric alone, or `{metric: [inputs]}`."""
        if isinstance(item, yaml.ScalarNode):
            name = text_of(item, "tree", parent.file, parent.findings)
            self._note(name, parent)
            return [TreeNode(name.value, stage)]
        section = parent.below(item)
        if section is None:
            return []
        if len(section.names()) != 1:
            parent.report(line_of_node(item), "each entry must be a metric, or one metric with its list of inputs")
        nodes = []
        for metric in section.names():
            self._note(Text(metric, parent.file, section.line_of(metric)), parent)
            nodes.append(TreeNode(metric, stage, self._nodes(section, metric, stage)))
        return nodes

    def _note(self, name: Text, parent: Section) -> None:
        check_known(name, "metric", self._metrics, parent.findings)
        first = self._lines.setdefault(name.value, name.line)
        if first != name.line:
            parent.report(name.line, f'metric "{name.value}" stands in the tree twice (line {first}); keep one')
