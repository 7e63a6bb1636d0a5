"""What clients are told when their wish cannot be put on file, and what they see of secrets in mon.cf."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pymon.model.depend import ServiceKey
from pymon.store.store import Store
from tests.peers import require_peer
from tests.programs import write_program
from tests.server.conftest import Live
from tests.waiting import until

KEY = ServiceKey("g", "s")
AUTH = """command section
list: all
ack: all
disable: all
enable: all
set: all
get: all
stop: all
start: all
test: all
json: all
clear: all
reset: all
"""
WISHES = (
    *("disable service g t", "enable service g t", "disable watch g", "enable watch g", "disable host www1"),
    *("set g s opstatus fail", "ack g s on it", "clear timers g s", "stop", "start", "reset"),
)


def nowhere(folder: Path) -> Store:
    """A record that can never be written: there is a file in the place of its folder."""
    (folder / "file").touch()
    return Store(folder / "file" / "pymon.db")


@pytest.mark.parametrize("is_kept", [True, False])
async def test_a_wish_that_is_not_on_file_is_done_with_a_warning(live: Live, tmp_path: Path, is_kept: bool) -> None:
    """R-warned. Old clients take the line for data, and the last line is as ever."""
    await live.start(auth=AUTH, record=Store(tmp_path / "pymon.db") if is_kept else nowhere(tmp_path))
    client = await live.connect()
    for wish in WISHES:
        *warnings, final = await client.ask(wish)
        assert final.startswith("220 "), (wish, final)
        assert len(warnings) == (0 if is_kept else 1)
        for warning in warnings:
            assert warning.startswith("warning: not on file (File exists ")
            assert warning.endswith("): a restart of the daemon forgets this")
    if not is_kept:
        assert len(await client.ask("list disabled")) > 1
        assert not (await client.ask("list disabled"))[0].startswith("warning")


@pytest.mark.peer
async def test_debians_client_shows_the_warning_and_is_content(live: Live, tmp_path: Path) -> None:
    """R-warned."""
    moncmd = require_peer("moncmd")
    await live.start(auth=AUTH, record=nowhere(tmp_path))
    calling = await asyncio.create_subprocess_exec(
        *(moncmd, "-s", live.address, "-p", str(live.port), "disable", "service", "g", "t"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(calling.communicate(), 60)
    assert calling.returncode == 0, output
    assert b"warning: not on file" in output
    assert b"220 disable service completed" in output
    assert ServiceKey("g", "t") in live.engine.snapshot().disabled_services


SECRET_SITE = """
hostgroup g www1

watch g
 service s
  monitor fine.monitor --password s3cretM www
  traptimeout 1h
  redistribute note.alert --token s3cretR
  period wd {Sun-Sat}
   alert note.alert -P s3cretA bob@example.org
   upalert note.alert https://bob:s3cretU@example.org/
"""


async def test_no_secret_of_mon_cf_is_shown_to_anybody(
    live: Live, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """C-SECRETS. Not in histories, lists, answers, the record or the log; and the program gets it all the same."""
    caplog.set_level(1)
    live.configure()
    for name in ("mon.d/fine.monitor", "alert.d/note.alert"):
        program = tmp_path / name
        write_program(program, f'#!/bin/sh\necho "$@" >>{tmp_path}/called\ncat >/dev/null\nexit 0\n')
    record = Store(tmp_path / "pymon.db")
    history = tmp_path / "history"
    await live.start(f"historicfile = {history}", SECRET_SITE, AUTH, record=record)
    client = await live.connect()
    called = tmp_path / "called"
    answers: list[str] = []
    for command in (
        *("set g s redistribute note.alert --token s3cretS", "test alert g s 1 wd {Sun-Sat}", "test monitor g s"),
        *("list opstatus", "list alerthist", "list failurehist", "list watch", "json list opstatus", "get g s monitor"),
        *("get g s redistribute", "list pids", "json list alerthist"),
    ):
        answers += await client.ask(command)
    await until(lambda: called.exists() and "s3cretA" in called.read_text())
    answers += await client.ask("list alerthist")
    await record.settled()
    told = "\n".join([*answers, *(each.getMessage() for each in caplog.records)])
    told += "\n".join(f"{event.text} {event.facts}" for event in await record.events(None))
    told += history.read_text() if history.exists() else ""
    for secret in ("s3cretM", "s3cretR", "s3cretA", "s3cretU", "s3cretS"):
        places = [line for line in told.splitlines() if secret in line]
        assert not places, places
    assert "note.alert" in told
    assert "-P ***" in told
