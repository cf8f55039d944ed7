"""What alert rules stand on: metrics, funnels, dimensions, the workspace's clock, the process's environment.

Does not read files.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from schemas.catalogue import MetricDefinition
from schemas.computes import STREAMED
from schemas.definitions import Workspace
from schemas.measuring import DIMENSIONS
from schemas.secret_texts import Environment


@dataclass(frozen=True, slots=True)
class AlertGround:
    """`funnels`: the number of steps by id. `environment`: None where nobody is told anything."""

    metrics: Mapping[str, MetricDefinition]
    funnels: Mapping[str, int]
    dimensions: Collection[str]
    timezone: str = "UTC"
    environment: Environment = None

    @classmethod
    def of(
        cls, workspace: Workspace, metrics: Mapping[str, MetricDefinition], environment: Environment
    ) -> "AlertGround":
        """`metrics`: of the workspace, or as they are by now."""
        traits = [trait.name for trait in (*workspace.person_traits, *workspace.group_traits)]
        return cls(
            metrics=metrics,
            funnels={funnel.id: len(funnel.steps) for funnel in workspace.stream.funnels},
            dimensions=tuple(dict.fromkeys((*DIMENSIONS, *traits))),
            timezone=workspace.stream.timezone,
            environment=environment,
        )


def judged_grain(metric: MetricDefinition) -> Literal["day", "week", "month"]:
    """The bucket in which alerting judges a metric: that of its thresholds; those of the stream move day by day."""
    return "day" if metric.id in STREAMED else metric.per or "day"
