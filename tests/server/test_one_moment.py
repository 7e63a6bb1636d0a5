"""A listing shows one moment, however long it takes to send and whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from pymon.model import request as asked
from pymon.model.depend import ServiceKey
from pymon.model.request import Asker
from pymon.model.status import OpStatus
from pymon.protocol.wire import parse_fields
from tests.server.conftest import Live

COUNT = 4000
"""services: their listing is sent in dozens of parts"""
LAST = ServiceKey("g", f"s{COUNT - 1}")
AUTH = "command section\nlist: all\njson: all\n"


def site(folder: Path, count: int) -> str:
    monitor = folder / "mon.d" / "waits.monitor"
    monitor.write_text("#!/bin/sh\nexec sleep 60\n")
    monitor.chmod(0o755)
    service = " service s{}\n  interval {}\n  monitor waits.monitor\n  period wd {{Sun-Sat}}\n"
    others = "".join(service.format(number, "1d") for number in range(count - 1))
    return f"hostgroup g www1\n\nwatch g\n{others}{service.format(count - 1, '60s')}"


async def change(live: Live, key: ServiceKey) -> None:
    """Change all that a status line shows of a service: its timer, its monitor, its state."""
    for request in (asked.ClearTimers(key), asked.TestMonitor(key), asked.SetOpstatus(key, OpStatus.FAIL)):
        assert (await live.engine.perform(request, Asker())).ok
    async with asyncio.timeout(10):
        while not live.engine.snapshot().running.get(key):  # noqa: ASYNC110  # a thread starts the program
            await asyncio.sleep(0)


@pytest.mark.slow
async def test_what_changes_between_the_parts_of_a_listing_is_not_in_it(live: Live) -> None:
    """A 60 s service was once listed with ``timer=75``, and as running a monitor that was started later."""
    await live.start(site=site(live.folder, COUNT), auth=AUTH)
    await live.engine.perform(asked.StartScheduler(), Asker())
    client = await live.connect()
    await client.send("list opstatus\n")
    first = await client.line()
    await change(live, LAST)
    lines = [first, *await client.answer()]
    assert lines.pop() == "220 list opstatus completed"
    assert len(lines) == COUNT
    shown = parse_fields(lines[-1])
    assert (shown["service"], shown["opstatus"], shown["monitor_running"]) == (LAST.service, "7", "0")
    assert int(shown["timer"]) <= 60
    (line, _) = await client.ask(f"list opstatus {LAST.group},{LAST.service}")
    now = parse_fields(line)
    assert (now["opstatus"], now["monitor_running"]) == ("0", "1"), "the next listing shows the next moment"


@pytest.mark.slow
async def test_snapshot_does_not_change_later(live: Live) -> None:
    key, other = ServiceKey("g", "s1"), ServiceKey("g", "s0")
    await live.start(site=site(live.folder, 2), auth=AUTH)
    await live.engine.perform(asked.StartScheduler(), Asker())
    snapshot = live.engine.snapshot()
    before = _as_data(snapshot)
    await change(live, key)
    for request in (asked.Acknowledge(key, "on it"), asked.SwitchService(other, enable=False), asked.SetMaxkeep(7)):
        assert (await live.engine.perform(request, Asker())).ok
    await live.reload(site=site(live.folder, 2).replace("service s0", "service other"))
    assert _as_data(snapshot) == before
    later = _as_data(live.engine.snapshot())
    changed = {name for name, value in later.items() if value != before[name]}
    assert {"now", "site", "states", "due", "departed"} <= changed


def _as_data(snapshot: Any) -> dict[str, str]:
    """All that a snapshot says, as text; ``next`` is when the services are checked next."""
    known = {each.name: repr(getattr(snapshot, each.name)) for each in fields(snapshot) if each.name != "owed"}
    return known | {
        "next": repr([snapshot.next_check(key) for key in snapshot.states]),
        "owing": repr(snapshot.owed(None)),
    }
