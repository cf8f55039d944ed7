"""What of a metric may not change under one version: the digest of its computation and unit, and who broke that.

Does not keep anything: see `northstream.published_metrics`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from schemas.catalogue import MetricDefinition
from schemas.computes import Expression, Sql
from schemas.expressions import ExpressionError, parse_expression
from schemas.lint_findings import LintFinding, finding

RULE = "definition-changed-without-version"

Published = Mapping[str, Mapping[int, str]]
"""By metric and version: the digest under which numbers have been published."""


def digest_of(metric: MetricDefinition) -> str:
    """Changes with the computation or the unit; not with labels, thresholds, owners, or how an expression is spaced.

    A metric that another refers to has a digest and a version of its own.
    """
    plain = json.dumps([metric.unit, _plain(metric.compute)], sort_keys=True)
    return hashlib.blake2b(plain.encode(), digest_size=8).hexdigest()


def changed_without_version(metrics: Iterable[MetricDefinition], published: Published) -> list[LintFinding]:
    """Metrics whose numbers would mix two definitions under one version; a candidate may still change freely."""
    return [
        finding(metric, RULE, _message(metric, published[metric.id]))
        for metric in metrics
        if metric.id in published
        and metric.lifecycle != "candidate"
        and published[metric.id].get(metric.version, "") != digest_of(metric)
        and metric.version <= max(published[metric.id])
    ]


def _message(metric: MetricDefinition, versions: Mapping[int, str]) -> str:
    latest = max(versions)
    was = f"of version {metric.version}" if metric.version in versions else f"up to version {latest}"
    return (
        f'its definition differs from the published one {was}; write "version: {latest + 1}", or take the change back'
    )


def with_metrics(published: Published, metrics: Iterable[MetricDefinition]) -> dict[str, dict[int, str]]:
    """What is published once these metrics are."""
    result = {name: dict(versions) for name, versions in published.items()}
    for metric in metrics:
        if metric.lifecycle == "candidate":
            continue
        result.setdefault(metric.id, {}).setdefault(metric.version, digest_of(metric))
    return result


def _plain(value: Any) -> Any:
    """Dataclasses by name and by the fields that differ from their defaults, so that a new field changes nothing."""
    if isinstance(value, Expression):
        return ["Expression", _tree(value.text), _plain(value.terms)]
    if isinstance(value, Sql):
        return ["Sql", " ".join(value.query.split()), value.over]
    if is_dataclass(value) and not isinstance(value, type):
        told = {
            item.name: _plain(content)
            for item in fields(value)
            if (content := getattr(value, item.name)) != _default(item)
        }
        return [type(value).__name__, told]
    if isinstance(value, Mapping):
        return {str(key): _plain(content) for key, content in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(content) for content in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _default(item: "Field[Any]") -> Any:
    return item.default_factory() if item.default_factory is not MISSING else item.default


def _tree(text: str) -> Any:
    try:
        return _plain(parse_expression(text))
    except ExpressionError:
        return text
