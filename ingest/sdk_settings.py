"""What analytics.js is told when it is loaded with `cdnURL` pointing here: send to this host, run nothing else.

Does not check the key.
"""

from typing import Any

_EVERYTHING = {"__default": {"enabled": True, "integrations": {}}}


def browser_settings(key: str, scheme: str, host: str) -> dict[str, Any]:
    """The least that analytics-next accepts; `host` with its port."""
    return {
        "integrations": {
            "Segment.io": {
                "apiKey": key,
                "apiHost": f"{host}/v1",
                "protocol": scheme,
                "unbundledIntegrations": [],
                "addBundledMetadata": True,
            }
        },
        "plan": {"track": _EVERYTHING, "identify": _EVERYTHING, "group": _EVERYTHING},
        "edgeFunction": {},
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "remotePlugins": [],
    }
