"""The examples of docs/alerts.md that check a signature: they take ours, and nothing that was changed or is old."""

import base64
import json
import re
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from alerting.payload import signed_headers, signing_key

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"type":"alert.test","data":{"summary":"même la nuit"}}'.encode()
TEXT = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text()


def example(language):
    return re.search(rf"### Checking a signature.*?```{language}\n(.*?)```", TEXT, re.DOTALL)[1]


def cases():
    """Headers and body, and whether they are ours."""
    now_ms = int(time.time() * 1000)
    good = signed_headers(signing_key(SECRET), "msg_1", now_ms, BODY)
    rotated = good | {"webhook-signature": "v1,AAAA " + good["webhook-signature"]}
    old = signed_headers(signing_key(SECRET), "msg_1", now_ms - 600_000, BODY)
    theirs = good | {
        "webhook-signature": Webhook(SECRET).sign("msg_1", datetime.fromtimestamp(now_ms // 1000, UTC), BODY.decode())
    }
    return [
        (good, BODY, True),
        (rotated, BODY, True),
        (theirs, BODY, True),
        (good, BODY + b" ", False),
        (good | {"webhook-id": "msg_2"}, BODY, False),
        (old, BODY, False),
    ]


def test_the_python_example_tells_ours_from_others():
    """Run as it stands in the docs."""
    names = {}
    exec(example("python"), names)
    assert [names["is_ours"](SECRET, headers, body) for headers, body, _ in cases()] == [each[2] for each in cases()]


@pytest.mark.node
def test_the_node_example_tells_ours_from_others():
    """Run as it stands in the docs."""
    asked = [{"headers": headers, "body": base64.b64encode(body).decode()} for headers, body, _ in cases()]
    script = example("js") + (
        f"const asked = {json.dumps(asked)};"
        f"const check = (each) => isOurs('{SECRET}', each.headers, Buffer.from(each.body, 'base64'));"
        "console.log(JSON.stringify(asked.map(check)));"
    )
    ran = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == [each[2] for each in cases()]
