"""The read API over the whole catalogue: series, segments, files, boards, tree, cohorts, facts, reports."""


import pytest

from dashboard import board_shapes, catalogue_shapes, shapes

NOVEMBER = {"from": "2026-11-01", "to": "2026-11-10"}


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/api/metrics", catalogue_shapes.Catalogue),
        ("/api/metrics/mrr", catalogue_shapes.MetricSeries),
        ("/api/metrics/mrr?segment=channel&grain=week", catalogue_shapes.MetricSeries),
        ("/api/metrics/dau?segment=channel:ads", catalogue_shapes.MetricSeries),
        ("/api/metrics/mrr/members", catalogue_shapes.Members),
        ("/api/metrics/mrr/why", catalogue_shapes.Why),
        ("/api/funnels/onboarding?segment=channel", shapes.FunnelReport),
        ("/api/funnels/onboarding?segment=channel:ads", shapes.FunnelReport),
        ("/api/retention", board_shapes.Cohorts),
        ("/api/retention?subject=customer&period=week&periods=4", board_shapes.Cohorts),
        ("/api/tree", board_shapes.Tree),
        ("/api/boards", board_shapes.BoardList),
        ("/api/boards/overview", board_shapes.Board),
        ("/api/boards/exec?lang=fr&days=7&to=2026-11-20&grain=week&segment=channel:ads", board_shapes.Board),
        ("/api/segments", board_shapes.SegmentList),
        ("/api/facts?fact=spend", board_shapes.FactList),
        ("/api/experiments/any?conversion=Subscription%20Started", board_shapes.ExperimentReport),
        ("/api/reports/at-risk", board_shapes.AtRiskReport),
        ("/api/reports/best-vs-churned", board_shapes.BestAndChurnedReport),
    ],
)
async def test_every_answer_has_the_documented_shape(ask, path, shape):
    """What /api/docs shows is what is sent."""
    answer = await ask(path)
    assert answer.status_code == 200, answer.text
    shape.model_validate(answer.json())


async def test_every_board_of_the_default_workspace_is_whole(ask, measures):
    """No card of any board fails, and each has exactly the documented keys."""
    for board in measures.catalogue().boards:
        answer = (await ask(f"/api/boards/{board}")).json()
        board_shapes.Board.model_validate(answer)
        cards = [card for section in answer["sections"] for card in section["cards"]]
        assert cards or answer["experiment"], board
        assert [card for card in cards if card["error"]] == []
