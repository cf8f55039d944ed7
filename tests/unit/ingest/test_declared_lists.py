"""Every closed list of the collector is complete: reasons, routes."""

import json

from ingest.rejections import STATUS, Reason, Rejection
from ingest.routes import PATHS, TYPES


def test_every_reason_has_a_status_and_a_body() -> None:
    """The same name in the reply, the counter and the tests."""
    assert set(STATUS) == set(Reason)
    for reason in Reason:
        body = json.loads(Rejection(reason, "why").body())
        assert body["success"] is False
        assert body["status"] == 0
        assert body["reason"] == reason
        assert body["message"] == body["detail"] == "why"
        assert body["code"] == (400 if STATUS[reason] == 401 else STATUS[reason])
        assert "why" in body["error"]


def test_every_route_of_the_contract_is_there() -> None:
    """Long and short, with and without a slash at the end."""
    for kind in TYPES:
        for path in (f"/v1/{kind}", f"/v1/{kind}/", f"/v1/{kind[0]}", f"/v1/{kind[0]}/"):
            assert PATHS[path] == kind
    for path in ("/v1/batch", "/v1/b/", "/v1/import", "/beacon/v1/batch"):
        assert PATHS[path] == ""
