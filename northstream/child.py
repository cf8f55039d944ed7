"""One child process: started, started again when it dies, stopped when asked.

Does not know what the child does: see `northstream.processes`.
"""

import asyncio
import logging
import sys
from collections.abc import Sequence

from northstream.failures import EXIT_USER, UserError
from northstream.launch import Launch

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
_STEADY_SECONDS = 30.0
"""A child that lived so long starts again with the first pause."""

log = logging.getLogger(__name__)


class ChildRefused(UserError):
    """A child has told the user what to mend."""


class Child:
    """A role in a process of its own. `inherited` are descriptors that it keeps besides its sockets."""

    def __init__(self, launch: Launch, inherited: Sequence[int] = (), restart: bool = True) -> None:
        self.role = launch.role
        self._launch = launch
        self._inherited = tuple(inherited) + tuple(launch.sockets.values())
        self._restart = restart
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    async def run(self) -> None:
        """Keep the child running until `stop`, or once to its end if it is not to be restarted.

        Raises:
            ChildRefused: the child ended because the user must mend something; it has said what.
        """
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping:
            started = loop.time()
            code = await self._run_once()
            if self._stopping or (code == 0 and not self._restart):
                return
            if code == EXIT_USER:
                raise ChildRefused(f"the {self.role} process could not start; see its message above")
            pause = FIRST_PAUSE_SECONDS if loop.time() - started > _STEADY_SECONDS else pause
            level = logging.ERROR if code else logging.INFO
            log.log(level, "%s ended with code %s; starting it again in %.1f s", self.role, code, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def stop(self, patience_seconds: float) -> None:
        """Ask the child to finish; end it if it does not within the patience."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), patience_seconds)
        except TimeoutError:
            log.error("%s has not finished within %.0f s; ending it", self.role, patience_seconds)
            process.kill()
            await process.wait()

    async def _run_once(self) -> int:
        # A group of its own: Ctrl-C in a terminal reaches the parent only, which then asks the children in order.
        # Without -P a folder named like one of our packages in the current folder would be imported instead.
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "northstream.processes", self.role),
            stdin=asyncio.subprocess.PIPE,
            pass_fds=self._inherited,
            process_group=0,
        )
        self._process = process
        if self._stopping:
            # Asked to stop while the child was being made.
            process.terminate()
        assert process.stdin is not None
        process.stdin.write(self._launch.to_line())
        return await process.wait()
