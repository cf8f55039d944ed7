"""What kafka-python raises besides its own errors, as when an answer is cut short or no thread can be started."""

import socket
import struct
from typing import Any

import pytest

from schemas.log import LogUnavailable
from stream.kafka.connections import connect


@pytest.mark.parametrize(
    "defect", [RuntimeError("can't start new thread"), struct.error("short"), OSError(24, "files")]
)
def test_a_client_that_cannot_be_made_is_a_log_that_is_away(defect: Exception) -> None:
    """It may pass by itself: whoever waits for Kafka goes on to wait."""

    def cannot_be_made(**_: Any) -> None:
        raise defect

    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(LogUnavailable):
            connect(cannot_be_made, address)
