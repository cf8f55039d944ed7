"""A collector on a real socket over a log of this process.

Not a test.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn

from ingest.app import create_app
from ingest.limits import Limits
from northstream.clock import unix_ms
from northstream.keys import watch_key
from northstream.settings import Settings
from schemas.log import LogAppender
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace


@contextlib.contextmanager
def served_collector(log: LogAppender, settings: Settings) -> Iterator[str]:
    """Its address; it ends with the block."""
    app = create_app(
        log=log,
        workspace=load_workspace(DEFAULT_WORKSPACE),
        write_keys={settings.write_key: "web"},
        secret_keys=[settings.secret_key],
        watch_key=watch_key(settings),
        limits=Limits(),
        clock=unix_ms,
        collector_id="c-test",
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
