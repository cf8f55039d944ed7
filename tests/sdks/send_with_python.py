"""Sends one call of each kind with Segment's SDK for Python: send_with_python.py URL KEY PREFIX [gzip].

Prints {"errors": [...]} when everything has been answered. Imports nothing of the product.
"""

import json
import sys

from segment.analytics.client import Client


def main(url: str, key: str, prefix: str, *options: str) -> None:
    errors: list[str] = []
    client = Client(
        key, host=url, max_retries=0, gzip="gzip" in options, on_error=lambda error, _: errors.append(str(error))
    )
    user, device = f"{prefix}-user", f"{prefix}-device"
    client.page(anonymous_id=device, name="Pricing")
    client.identify(user, {"role": "admin", "plan": "team"}, anonymous_id=device)
    client.track(user, "Feature Used", {"feature": "board", "ratio": 0.5, "clé": "é€😀"})
    client.track(user, "Feature Used", {"colour": "red"})
    client.screen(user, name="Inbox")
    client.group(user, f"{prefix}-group", {"industry": "software"})
    client.alias(f"{prefix}-old", user)
    client.shutdown()
    print(json.dumps({"errors": errors}))


if __name__ == "__main__":
    main(*sys.argv[1:])
