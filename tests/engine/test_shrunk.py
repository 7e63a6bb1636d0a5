"""A re-read that takes everything away is refused, and a file that is being written is read again (E-shrunk)."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.config.loader import load
from pymon.engine.carry_over import why_shrunk
from pymon.errors import ConfigError
from pymon.model import request as asked
from pymon.model.depend import ServiceKey
from pymon.store.offline import look_up
from pymon.store.store import FILE
from tests.engine.conftest import Daemon
from tests.engine.lab import BOB, Lab

COUNTS = {
    (0, 0): True, (0, 5): True, (1, 0): False, (1, 1): True, (2, 1): True, (3, 1): True, (3, 0): False, (4, 2): True,
    (4, 1): False, (5, 3): True, (5, 2): False, (100, 50): True, (100, 49): False, (4, 0): False, (1, 99): True,
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), COUNTS)
def test_how_many_services_may_go(before: int, after: int) -> None:
    assert (not why_shrunk(before, after)) is COUNTS[before, after]


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_more_are_never_refused_where_fewer_are_not(before: int, after: int) -> None:
    if not why_shrunk(before, after):
        assert not why_shrunk(before, after + 1)
    assert not why_shrunk(before, before)


def site(*names: str) -> str:
    groups = "".join(f"hostgroup {name} h\n\n" for name in names)
    return groups + "".join(
        f"watch {name}\n    service s\n        interval 1h\n        monitor x.monitor\n        period\n"
        f"            alert rec.alert\n            upalert rec.alert\n\n"
        for name in names
    )


NAMES = tuple(f"g{number}" for number in range(8))
FIRST = ServiceKey("g0", "s")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path, site(*NAMES))


def test_any_beginning_of_a_good_file_may_be_a_good_file(lab: Lab) -> None:
    """So it is not by its errors that a half-written one is known."""
    text = lab.config.read_text()
    good = 0
    for end in range(0, len(text), 37):
        lab.config.write_text(text[:end])
        try:
            good += len(load(lab.config).site.services) < len(NAMES)
        except ConfigError:
            continue
    assert good > 20


# A re-read


async def refused(lab: Lab, text: str) -> str:
    lab.config.write_text(text)
    with pytest.raises(Exception) as problem:  # noqa: PT011
        await lab.engine.reload()
    return str(problem.value)


@pytest.mark.slow
@pytest.mark.parametrize("count", [0, 1, 3])
async def test_a_file_with_fewer_than_half_is_refused_and_all_stays(lab: Lab, count: int) -> None:
    """E-shrunk: mon takes it, and forgets all it knew."""
    await lab.engine.start()
    lab.fail(FIRST)
    await lab.ask(asked.Acknowledge(FIRST, "on it"))
    before, settings = dict(lab.engine.states), lab.engine.site.settings
    text = await refused(lab, site(*NAMES[8 - count :]) if count else "")
    assert "8 are watched" in text
    assert "moncmd reset" in text
    assert text.startswith(str(lab.config))
    assert dict(lab.engine.states) == before
    assert lab.engine.site.settings == settings
    events = (await lab.ask(asked.ReadTimeline(FIRST))).events
    assert any(event.text.startswith("configuration refused (SIGHUP): ") for event in events)
    lab.configure(site(*NAMES[:4]))
    await lab.engine.reload()
    assert len(lab.engine.site.services) == 4
    await lab.engine.stop()


async def test_a_file_that_is_written_twice_does_not_take_half_of_a_half(lab: Lab) -> None:
    await lab.engine.start()
    lab.configure(site(*NAMES[:4]))
    await lab.engine.reload()
    assert "8 are watched" in await refused(lab, lab.head + site(*NAMES[:2])), "it was written a moment ago"
    assert len(lab.engine.site.services) == 4
    lab.configure(site(*NAMES[:5]))
    await lab.engine.reload()
    lab.configure(site(*NAMES[:3]))
    os.utime(lab.config, (0, 0))  # at rest since long ago
    await lab.engine.reload()
    assert len(lab.engine.site.services) == 3
    lab.configure(site(*NAMES[:2]))
    await lab.engine.reload()
    assert len(lab.engine.site.services) == 2, "that was another time"
    await lab.engine.stop()


async def test_after_a_reset_what_was_watched_before_is_of_no_account(lab: Lab) -> None:
    await lab.engine.start()
    lab.configure(site(*NAMES[:4]))
    await lab.engine.reload()
    lab.configure(site(*NAMES[:3]))
    assert (await lab.engine.perform(asked.Reset(keepstate=False), BOB)).ok
    lab.configure(site(*NAMES[:2]))
    await lab.engine.reload()
    assert len(lab.engine.site.services) == 2
    await lab.engine.stop()


@pytest.mark.parametrize("keepstate", [False, True])
async def test_reset_insists(lab: Lab, keepstate: bool) -> None:
    await lab.engine.start()
    lab.configure(site("g0"))
    assert (await lab.engine.perform(asked.Reset(keepstate=keepstate), BOB)).ok
    assert list(lab.engine.site.services) == [FIRST]
    await lab.engine.stop()


@pytest.mark.parametrize("how", ["reload", "restart", "untested"])
async def test_who_is_silent_and_leaves_for_one_reading_comes_back_silent(lab: Lab, how: str) -> None:
    """E-shrunk: the second half of a file is missing for a moment, with services that somebody has disabled."""
    gone = [ServiceKey(name, "s") for name in NAMES[6:]]
    await lab.engine.start()
    for key in gone if how != "untested" else ():
        lab.recover(key)
    await lab.ask(asked.SwitchService(gone[0], enable=False))
    await lab.ask(asked.SwitchWatch(gone[1].group, enable=False))
    lab.configure(site(*NAMES[:5]))
    await (lab.restart() if how == "restart" else lab.engine.reload())
    assert not lab.engine.snapshot().disabled_services | lab.engine.snapshot().disabled_watches, "they are not there"
    lab.configure(site(*NAMES))
    await (lab.restart() if how == "restart" else lab.engine.reload())
    assert lab.engine.snapshot().disabled_services == {gone[0]}
    assert lab.engine.snapshot().disabled_watches == {gone[1].group}
    for key in gone:
        lab.fail(key)
    assert not any(lab.state(key).alert_count for key in gone)
    await lab.ask(asked.Reset(keepstate=False))
    assert not lab.engine.snapshot().disabled_services, "as in mon"
    assert lab.engine.snapshot().disabled_watches == {gone[1].group}
    await lab.engine.stop()


async def test_a_reset_enables_those_who_have_left_as_well(lab: Lab) -> None:
    await lab.engine.start()
    lab.recover(FIRST)
    await lab.ask(asked.SwitchService(FIRST, enable=False))
    lab.configure(site(*NAMES[1:]))
    await lab.ask(asked.Reset(keepstate=False))
    lab.configure(site(*NAMES))
    await lab.engine.reload()
    assert not lab.engine.snapshot().disabled_services
    await lab.engine.stop()


async def test_renamed_services_replace_others(lab: Lab) -> None:
    await lab.engine.start()
    lab.configure(site(*(f"new{name}" for name in NAMES)))
    await lab.engine.reload()
    assert len(lab.engine.site.services) == len(NAMES)
    await lab.engine.stop()


@pytest.mark.slow
async def test_a_file_that_ends_without_a_newline_is_read_again(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    await lab.engine.start()
    whole = lab.head + site(*NAMES, "more")
    lab.config.write_text(whole[: len(whole) // 2])
    reading = asyncio.create_task(lab.engine.reload())
    await lab.until(lambda: any("ends without a newline: read again in 1 s" in text for text in caplog.messages))
    assert len(lab.engine.site.services) == len(NAMES)
    lab.config.write_text(whole)
    await reading
    assert len(lab.engine.site.services) == len(NAMES) + 1
    await lab.engine.stop()


@pytest.mark.slow
@pytest.mark.parametrize("late", [False, True])
async def test_a_file_that_is_not_there_for_a_moment_is_read_when_it_is(
    lab: Lab, caplog: pytest.LogCaptureFixture, late: bool
) -> None:
    """Somebody replaces it in two steps. It is not said to end without a newline."""
    caplog.set_level("INFO")
    await lab.engine.start()
    lab.config.unlink()
    reading = asyncio.create_task(lab.engine.reload())
    await lab.until(lambda: any("cannot be read: read again in 1 s" in text for text in caplog.messages))
    if late:
        with pytest.raises(ConfigError):
            await reading
    lab.config.write_text(lab.head + site(*NAMES, "more"))
    await lab.until(lambda: len(lab.engine.site.services) == len(NAMES) + 1)
    await asyncio.wait([reading])
    assert not any("newline" in text for text in caplog.messages)
    await lab.engine.stop()


@pytest.mark.slow
async def test_a_file_that_stays_without_a_newline_is_taken_as_it_is(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await lab.engine.start()
    lab.config.write_text((lab.head + site(*NAMES, "more")).rstrip())
    await lab.engine.reload()
    assert len(lab.engine.site.services) == len(NAMES) + 1
    assert any("ends without a newline: it is taken as it is" in text for text in caplog.messages)
    await lab.engine.stop()


@pytest.mark.slow
async def test_at_a_start_what_the_record_knows_makes_suspicious(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    await lab.engine.start()
    for name in NAMES:
        lab.fail(ServiceKey(name, "s"))
    lab.configure(site("g0"))
    await lab.restart()
    assert "is mon.cf complete? The last daemon watched 8 services, and it has 1" in caplog.messages
    caplog.clear()
    await lab.restart()
    assert not [text for text in caplog.messages if "complete" in text]
    await lab.engine.stop()


# With a daemon, and somebody who writes slowly


def head(daemon: Daemon) -> str:
    daemon.configure("")
    return daemon.config.read_text()


async def start(daemon: Daemon) -> str:
    daemon.program("x.monitor", "#!/bin/sh\nexit 0\n")
    daemon.recorder()
    settings = head(daemon)
    daemon.config.write_text(settings + site(*NAMES))
    await daemon.start()
    return settings


@pytest.mark.slow
async def test_half_a_file_at_sighup_changes_nothing(daemon: Daemon) -> None:
    settings = await start(daemon)
    daemon.config.write_text("")
    daemon.hang_up()
    await daemon.says("it has no service, and 8 are watched")
    daemon.config.write_text(settings + site(*NAMES[:2]))
    daemon.hang_up()
    await daemon.says("it has only 2 services, and 8 are watched")
    assert not [line for line in daemon.lines if "configuration read again" in line["message"]]
    assert await daemon.stop() == 0
    found = look_up(daemon.directory / "state" / FILE, FIRST)
    assert len(found.services) == len(NAMES)
    assert sum("configuration refused (SIGHUP)" in event.text for event in found.events) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("lines", [1, 7, 40])
async def test_who_writes_slowly_has_the_whole_file_taken_in_the_end(daemon: Daemon, lines: int) -> None:
    """One SIGHUP, at the beginning: whatever ends were read meanwhile, the last one counts."""
    settings = await start(daemon)
    text = (settings + site(*NAMES, "more", "last")).splitlines(keepends=True)
    with daemon.config.open("w") as file:
        file.write("".join(text[:lines]))
        file.flush()
        daemon.hang_up()
        for begin in range(lines, len(text), 25):
            file.write("".join(text[begin : begin + 25]))
            file.flush()
            await asyncio.sleep(0.3)
    await daemon.wait(lambda line: "configuration read again: " in line["message"] and _watched(line["message"]) == 10)
    assert await daemon.stop() == 0


@pytest.mark.slow
async def test_who_pauses_for_longer_than_a_second_is_waited_for(daemon: Daemon) -> None:
    settings = await start(daemon)
    text = settings + site(*NAMES, "more")
    part = settings + site(*NAMES[:6])
    daemon.config.write_text(part)
    daemon.hang_up()
    await daemon.says("configuration read again: ")
    await asyncio.sleep(2.5)
    daemon.config.write_text(text)
    await daemon.says("has changed since it was read: read again")
    await daemon.wait(lambda line: "configuration read again: " in line["message"] and _watched(line["message"]) == 9)
    assert await daemon.stop() == 0


@pytest.mark.slow
async def test_who_replaces_the_file_by_another_has_it_taken(daemon: Daemon) -> None:
    """As editors do: written beside it, and renamed."""
    settings = await start(daemon)
    new = daemon.directory / "mon.cf.new"
    new.write_text(settings + site(*NAMES, "more"))
    daemon.config.unlink()
    daemon.hang_up()
    await daemon.says("read again in 1 s")
    new.rename(daemon.config)
    await daemon.wait(lambda line: "configuration read again: " in line["message"] and _watched(line["message"]) == 9)
    assert await daemon.stop() == 0


def _watched(message: str) -> int:
    """How many services there are after a re-read: unchanged, changed and new ones."""
    words = message.rpartition(": ")[2].split()
    return sum(int(word) for word in words[0:-2] if word.isdigit())
