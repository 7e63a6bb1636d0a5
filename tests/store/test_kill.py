"""kill -9 at any moment loses nothing that was settled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pymon.model.depend import ServiceKey
from pymon.store.offline import look_up

ROUNDS = 30
KEY = ServiceKey("g", "s")

WRITER = """
import asyncio, os, sys
from pathlib import Path
from pymon.store.limits import StoreLimits
from pymon.store.store import Store
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.state import ServiceState

KEY = ServiceKey("g", "s")


async def run(path):
    record = Store(path, StoreLimits(flush_every=0.01))
    saved = await record.open()
    number = int(saved.states[KEY].ack) if KEY in saved.states else 0
    os.write(1, b"open %d\\n" % number)
    while True:
        number += 1
        record.state(KEY, ServiceState(ack=float(number)))
        for other in range(number % 50):
            record.state(ServiceKey("other", str(other)), ServiceState(ack=float(number)))
        record.add(TimelineEvent(float(number), TimelineKind.OPERATOR, f"did {number}", *KEY))
        await record.settled()
        os.write(1, b"%d\\n" % number)


while True:  # forked, so that a round does not wait for imports
    if not sys.stdin.readline():
        break
    child = os.fork()
    if not child:
        asyncio.run(run(Path(sys.argv[1])))
    os.write(1, b"pid %d\\n" % child)
    os.waitpid(child, 0)
    os.write(1, b"dead\\n")
"""


@pytest.mark.slow
def test_what_was_settled_survives_a_kill(tmp_path: Path) -> None:
    """R-kill: a writer prints what is settled, and is killed at a random point; its successor goes on."""
    path = tmp_path / "pymon.db"
    chance = random.Random(20261123)
    settled = 0
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        for _ in range(ROUNDS):
            print("again", file=nursery.stdin, flush=True)
            victim, lines_left = 0, chance.randrange(1, 60)
            for line in nursery.stdout:
                word, *rest = line.split()
                if word == "pid":
                    victim = int(rest[0])
                elif word == "open":
                    assert int(rest[0]) >= settled, "a state that was settled is lost"
                elif word == "dead":
                    break
                else:
                    settled = int(word)
                    lines_left -= 1
                if victim and lines_left == 0:
                    os.kill(victim, signal.SIGKILL)
                    lines_left = -1
            found = look_up(path, KEY, limit=10**6)
            assert found.state is not None
            assert found.state.ack >= settled
            texts = {event.text for event in found.events}
            assert {f"did {number}" for number in range(1, settled + 1)} <= texts, "an event that was settled is lost"
        nursery.stdin.close()
    assert not list(tmp_path.glob("*.bad-*"))
    assert settled > ROUNDS
