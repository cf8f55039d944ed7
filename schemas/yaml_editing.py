"""Changes single values in the text of a YAML file and leaves everything around them as people wrote it.

Does not read or write files, and knows no workspace. What comes out is read again: it must say just what was meant.
"""

from typing import Any

import yaml

Pair = tuple[yaml.ScalarNode, yaml.Node]


class NotEditable(Exception):
    """The text cannot be changed so without changing more; the sentence says why."""


def set_key(text: str, key: str, value: Any, identifier: str = "") -> str:
    """The text with `key` of a mapping set to plain data.

    The mapping is the whole file, or with `identifier` that one of it, or of its list, whose `id` it is.

    Comments inside a value that is replaced go with it; all others stay.

    Raises:
        NotEditable: there is no such mapping, or the text is written in a way that cannot be changed in place.
    """
    mapping = _mapping_of(text, identifier)
    pairs = {node.value: (node, content) for node, content in mapping.value if isinstance(node, yaml.ScalarNode)}
    if not pairs:
        raise NotEditable("it is empty")
    if mapping.flow_style:
        edited = _in_flow(text, mapping, pairs.get(key), key, value)
    else:
        edited = _in_block(text, mapping, pairs.get(key), key, value)
    _check(text, edited, key, value, identifier)
    return edited


def as_flow(value: Any) -> str:
    """Plain data on one line, as people write it in these files."""
    return (
        yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False)
        .strip("\n")
        .removesuffix("\n...")
    )


def as_block(key: str, value: Any, indent: int) -> list[str]:
    """The lines of a key: a mapping of the first level in lines of its own, everything below on one line."""
    if isinstance(value, dict) and any(isinstance(inner, (dict, list)) for inner in value.values()):
        inner = [f"{' ' * (indent + 2)}{as_flow(name)}: {as_flow(below)}" for name, below in value.items()]
        return [f"{key}:", *inner]
    return [f"{key}: {as_flow(value)}"]


def _mapping_of(text: str, identifier: str) -> yaml.MappingNode:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise NotEditable("it is not YAML") from error
    for node in root.value if isinstance(root, yaml.SequenceNode) else [root]:
        if isinstance(node, yaml.MappingNode) and (not identifier or _id_of(node) == identifier):
            return node
    raise NotEditable(f'there is no entry with the id "{identifier}"' if identifier else "it is no mapping")


def _id_of(mapping: yaml.MappingNode) -> str:
    return next((str(value.value) for key, value in mapping.value if key.value == "id"), "")


def _in_flow(text: str, mapping: yaml.MappingNode, pair: Pair | None, key: str, value: Any) -> str:
    if pair is not None:
        return _replaced(text, pair[0].start_mark.index, _end_of(pair[1]), f"{key}: {as_flow(value)}")
    end = _end_of(mapping.value[-1][1])
    return _replaced(text, end, end, f", {key}: {as_flow(value)}")


def _in_block(text: str, mapping: yaml.MappingNode, pair: Pair | None, key: str, value: Any) -> str:
    line_break = "\r\n" if "\r\n" in text else "\n"
    indent = mapping.value[0][0].start_mark.column
    lines = line_break.join(as_block(key, value, indent))
    if pair is not None:
        return _replaced(text, pair[0].start_mark.index, _text_end(text, pair[1]), lines)
    end = text.find("\n", _text_end(text, mapping.value[-1][1]))
    if end < 0:
        return f"{text}{line_break}{' ' * indent}{lines}{line_break}"
    return _replaced(text, end + 1, end + 1, f"{' ' * indent}{lines}{line_break}")


def _replaced(text: str, start: int, end: int, by: str) -> str:
    return text[:start] + by + text[end:]


def _end_of(node: yaml.Node) -> int:
    """Where a node's last sign stands; a block ends with its last part, not with the comments that follow it."""
    is_block = isinstance(node, yaml.CollectionNode) and not node.flow_style
    if not is_block or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end_of(last[1] if isinstance(last, tuple) else last)


def _text_end(text: str, node: yaml.Node) -> int:
    """The same without the line breaks that end a block of text."""
    end = _end_of(node)
    return len(text[:end].rstrip())


def _check(before: str, after: str, key: str, value: Any, identifier: str) -> None:
    """Everything else must say what it said."""
    meant = yaml.safe_load(before)
    for mapping in meant if isinstance(meant, list) else [meant]:
        if not identifier or mapping.get("id") == identifier:
            mapping[key] = value
            break
    try:
        said = yaml.safe_load(after)
    except yaml.YAMLError as error:
        raise NotEditable(f'"{key}" cannot be set in place; set it by hand') from error
    if said != meant:
        raise NotEditable(f'"{key}" cannot be set in place; set it by hand')
