"""The demo's simulated company in a process of its own: it speaks HTTP to the collector like any product.

Wires `simulate` with the settings; invents nothing itself.
"""

import signal
import threading

from northstream.failures import UserError
from northstream.launch import Launch
from northstream.ports import reachable_host
from simulate.demo import SendFailed, run_demo


def run(launch: Launch) -> None:
    """Send the company's history, then live traffic, until SIGTERM."""
    settings = launch.settings
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    url = f"http://{reachable_host(settings.host)}:{settings.port}"
    try:
        run_demo(url, settings.write_key, settings.secret_key, settings.data_dir, settings.demo_seed, stop)
    except SendFailed as error:
        if not stop.is_set():
            raise UserError(f"the simulated company cannot send to {url}: {error}") from error
