"""Work that takes long and mostly waits: begun before the first test runs, collected by the tests that look at it.

A test, or a fixture's parameter, that looks at such work has the mark ``ahead(work)``. What the tests of a run ask for
is done beside them in processes of its own, one for each queue, where the works of a queue follow one another; these
tests themselves come last (see ``conftest.py``).
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import pytest

T = TypeVar("T")
WORK_TREE = Path(__file__).resolve().parent.parent
STOP_LIMIT = 60.0
"""seconds that works may take to clean up when the run ends before them"""
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """``function(*arguments)``, of a module that is no test's; both it and what it returns can be pickled."""

    queue: str
    function: Callable[..., T]
    arguments: tuple[object, ...] = ()

    def __str__(self) -> str:
        return f"{self.function.__name__}({', '.join(map(repr, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Failure:
    """What a work raised, told."""

    text: str


class Queues:
    """The works of one run under way; ``close`` ends what nobody waits for any more."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pymon-ahead-")
        self._processes: list[subprocess.Popen[bytes]] = []
        self._queues: dict[Work[Any], tuple[subprocess.Popen[bytes], Path]] = {}
        self._places: dict[Work[Any], Path] = {}
        self._results: dict[Work[Any], object] = {}

    def start(self, works: Iterable[Work[Any]]) -> None:
        """Begin these works, each once; those of one queue one after the other."""
        queues: dict[str, list[Work[Any]]] = {}
        for work in dict.fromkeys(works):
            if work not in self._places:
                self._places[work] = Path(self._folder.name, str(len(self._places)))
                queues.setdefault(work.queue, []).append(work)
        for queue, todo in queues.items():
            self._start_queue(f"{queue}-{len(self._processes)}", todo)

    def _start_queue(self, name: str, todo: Sequence[Work[Any]]) -> None:
        orders, said = (Path(self._folder.name, f"{name}.{kind}") for kind in ("orders", "output"))
        orders.write_bytes(pickle.dumps([(work, self._places[work]) for work in todo]))
        with said.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.ahead", str(orders), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=WORK_TREE,
                start_new_session=True,  # Ctrl-C reaches the tests, which end the works in order
            )
        self._processes.append(process)
        self._queues.update(dict.fromkeys(todo, (process, said)))

    def result(self, work: Work[T]) -> T:
        """What a work returned, waiting for it if need be; if it raised, the running test fails with its traceback.

        A work that was not begun is begun now.
        """
        self.start([work])
        if work not in self._results:
            self._results[work] = self._wait(work)
        found = self._results[work]
        if isinstance(found, Failure):
            pytest.fail(f"{work} failed:\n{found.text}", pytrace=False)
        return cast(T, found)

    def _wait(self, work: Work[Any]) -> object:
        place = self._places[work]
        process, said = self._queues[work]
        while not place.exists():
            if process.poll() is not None and not place.exists():
                return Failure(f"its queue has ended:\n{said.read_text(errors='replace')}")
            time.sleep(0.05)
        return pickle.loads(place.read_bytes())

    def close(self) -> None:
        """End every work that is still under way, in order."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._folder.cleanup()


def _work(orders: Path) -> None:
    """Do the works of one queue and leave what came of each in its place."""
    todo: list[tuple[Work[Any], Path]] = pickle.loads(orders.read_bytes())
    for work, place in todo:
        result: object
        try:
            result = work.function(*work.arguments)
        except Exception:
            result = Failure(traceback.format_exc())
        draft = place.with_suffix(".draft")
        draft.write_bytes(pickle.dumps(result))
        draft.rename(place)


def _end_with(parent: int) -> None:
    """From now on, end in order on SIGTERM, which comes when the tests ask for it, and when they die."""

    def end(signum: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # cleaning up is not to be interrupted
        raise SystemExit(128 + signum)

    signal.signal(signal.SIGTERM, end)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(1)


if __name__ == "__main__":
    # The orders name this module as the tests do, not as __main__.
    from tests import ahead

    ahead._end_with(int(sys.argv[2]))
    ahead._work(Path(sys.argv[1]))
