"""Parts of the examples that the read API's documentation shows.

Not numbers of anybody.
"""

from typing import Any

ENTRY: dict[str, Any] = {
    "board": "overview",
    "label": "Overview",
    "kind": "overview",
    "preset": None,
    "branch": None,
    "audience": "Everybody",
    "cadence": "weekly",
    "owner": "product",
    "period_days": 28,
    "grain": "day",
    "refresh_seconds": 60,
    "metrics": ["mrr"],
}
PERIOD: dict[str, Any] = {
    "from": "2026-10-26",
    "to": "2026-11-22",
    "grain": "day",
    "previous": {"from": "2026-09-28", "to": "2026-10-25"},
    "last_year": {"from": "2025-10-26", "to": "2025-11-22"},
}
TREND: dict[str, Any] = {"bucket": "2026-11-22", "value": 47500.0, "maturing": False, "version": 1}
CARD: dict[str, Any] = {
    "metric": "mrr",
    "label": "MRR",
    "definition": "What customers pay a month.",
    "definition_version": 1,
    "formula": "Σ monthly amounts",
    "unit": "money",
    "decimals": 0,
    "owner": "finance",
    "decision": "If red, we look at churn first.",
    "direction": "up",
    "role": "input",
    "timing": "lagging",
    "stage": "revenue",
    "objective": None,
    "baseline": None,
    "from": "2026-10-26",
    "to": "2026-11-22",
    "target": 50000.0,
    "target_condition": None,
    "target_met": None,
    "target_by": "2026-12-31",
    "per": None,
    "value": 47500.0,
    "previous": 45200.0,
    "last_year": 31000.0,
    "change": 5.09,
    "last_year_change": 53.23,
    "change_unit": "percent",
    "status": "orange",
    "settled": False,
    "restated": False,
    "maturing": False,
    "version": 1,
    "error": None,
}
CONTROL: dict[str, Any] = {
    "variant": "control",
    "exposed": 1000,
    "converted": 100,
    "conversion_rate": 0.1,
    "conversion_interval": [0.083, 0.12],
    "uplift": None,
    "customers": 60,
    "mrr": 4020.0,
    "arpu": 67.0,
    "revenue_per_person": 4.02,
    "churn_rate": 0.03,
    "churn_uplift": None,
    "verdict": None,
    "reason": None,
}
VARIANT: dict[str, Any] = CONTROL | {
    "variant": "guided",
    "converted": 150,
    "conversion_rate": 0.15,
    "conversion_interval": [0.129, 0.174],
    "uplift": {"points": 5.0, "interval_points": [2.1, 7.9], "relative": 0.5},
    "churn_uplift": {"points": 0.0, "interval_points": [-5.2, 5.2], "relative": 0.0},
    "verdict": "scale",
    "reason": "better",
}
