"""``os._exit`` in a plugin's code: in the daemon it ends the daemon, in a trial it is held back and told of."""

from __future__ import annotations

import os
from types import TracebackType
from typing import NoReturn

from pymon.runner.containment import CURRENT


class ExitWatch:
    """While entered, ``os._exit`` of a run's code ends the run alone; ``problems`` tells of it.

    Others go on to end the process by it, and so do the processes that the run forks.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._exit = os._exit

    def __enter__(self) -> ExitWatch:
        leave, problems, own = self._exit, self.problems, os.getpid()

        def noting(status: int) -> NoReturn:
            if CURRENT.get() is None or os.getpid() != own:
                leave(status)
            problems.append(f"called os._exit({status}), which ends the whole daemon")
            raise SystemExit(status)

        os._exit = noting  # put back at the end
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os._exit = self._exit
