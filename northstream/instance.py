"""The name that tells processes of one role apart, in the log of events, in log lines and in traces.

Does not check that it is given once.
"""

import socket

from northstream.settings import Settings


def instance_of(settings: Settings) -> str:
    """As set, else host and port: the same over the starts of a process."""
    return settings.instance or f"{socket.gethostname()}-{settings.port}"
