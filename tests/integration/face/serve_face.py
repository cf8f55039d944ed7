"""Serves the HTTP face over a fresh engine in a process of its own, and prints its port.

Not a test: one process can host one engine path only, so tests do not open it in their own.
"""

import socket
import sys

import chdb
import uvicorn

from warehouse.http_face import create_face

PASSWORD = "face-writer-password"


def main(path: str) -> None:
    engine = chdb.connect(path)
    engine.query("CREATE DATABASE northstream")
    engine.query("CREATE TABLE northstream.visits (day Date, page String, hits Int64) ENGINE = MergeTree ORDER BY day")
    engine.query("INSERT INTO northstream.visits VALUES ('2026-11-01', 'home', 3), ('2026-11-02', 'it''s', 4)")
    engine.query("CREATE TABLE northstream.notes (id Int64, text String) ENGINE = MergeTree ORDER BY id")
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    face = create_face(lambda: chdb.connect(path), writer_password=PASSWORD, max_connections=4, slow_reader_seconds=5.0)
    uvicorn.Server(uvicorn.Config(face, log_level="warning")).run(sockets=[listening])


if __name__ == "__main__":
    main(sys.argv[1])
