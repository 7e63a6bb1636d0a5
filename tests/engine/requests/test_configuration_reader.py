"""Files that somebody is writing: how often they are read, and when somebody looks at them again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pymon.config.files import observe
from pymon.config.loader import Loaded
from pymon.engine.clock import EngineClock
from pymon.engine.limits import EngineLimits
from pymon.engine.requests.configuration_reader import ConfigurationReader
from pymon.errors import PymonError
from pymon.model.settings import Settings
from pymon.model.site import Site
from tests.clocks import VirtualClock, run_in_virtual_time

LIMITS = EngineLimits(read_again=1.0, readings=5, file_is_fresh=2.0, looks_at_fresh_file=3)


class Desk:
    """A file, and who reads it, in virtual time."""

    def __init__(self, path: Path, clock: VirtualClock) -> None:
        self.path = path
        self.clock = clock
        self.readings: list[str] = []
        self.notes: list[str] = []
        self.refuses = ""
        self.reader = ConfigurationReader(
            self._load, EngineClock(clock, LIMITS), LIMITS, reread=self._reread, on_rest=lambda: self._note("rest")
        )

    def write(self, text: str, *, ago: float = 3600.0) -> None:
        """Write the file, so long ago."""
        self.path.write_text(text)
        when = self.clock.wall() - ago
        os.utime(self.path, (when, when))

    def _load(self) -> Loaded:
        files = observe(self.path)
        self.readings.append(self.path.read_text() if self.path.exists() else "")
        if self.refuses:
            raise PymonError(self.refuses)
        return Loaded(Site(Settings(), {}, {}, {}), (), files=files)

    async def _reread(self) -> None:
        self._note("reread")

    def _note(self, what: str) -> None:
        self.notes.append(f"{what} at {round(self.clock.steady(), 3):g}")


def run(tmp_path: Path, body: Callable[[Desk], Awaitable[None]]) -> Desk:
    async def play(clock: VirtualClock) -> Desk:
        desk = Desk(tmp_path / "mon.cf", clock)
        await body(desk)
        desk.reader.close()
        return desk

    return run_in_virtual_time(play)


def test_a_file_at_rest_is_read_once(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        desk.write("watch\n")
        await desk.reader.read_steadily()
        assert not desk.reader.is_looking
        await asyncio.sleep(60)

    desk = run(tmp_path, body)
    assert (desk.readings, desk.notes) == (["watch\n"], [])


def test_half_a_file_is_read_again_until_it_has_its_end(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        desk.write("wat")
        asyncio.get_running_loop().call_later(0.5, lambda: desk.write("watch\n"))
        await desk.reader.read_steadily()

    assert run(tmp_path, body).readings == ["wat", "watch\n"]


def test_a_file_that_stays_without_its_end_is_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def body(desk: Desk) -> None:
        desk.write("watch")
        await desk.reader.read_steadily()

    assert run(tmp_path, body).readings == ["watch", "watch"], "nothing has changed for a while"
    assert "it is taken as it is" in caplog.text


def test_a_file_that_changes_all_the_time_is_taken_in_the_end(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        desk.write("0")
        for second in range(1, 10):
            asyncio.get_running_loop().call_later(second - 0.5, desk.write, "0" * second)
        await desk.reader.read_steadily()

    assert len(run(tmp_path, body).readings) == LIMITS.readings


def test_the_last_refusal_counts(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        desk.write("watch\n")
        desk.refuses = "no such word"
        with pytest.raises(PymonError, match="no such word"):
            await desk.reader.read_steadily()

    assert len(run(tmp_path, body).readings) == 1


def test_a_fresh_file_is_looked_at_for_a_while(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        desk.write("watch\n", ago=0.5)
        await desk.reader.read_steadily()
        assert desk.reader.is_looking
        await asyncio.sleep(60)
        assert not desk.reader.is_looking

    desk = run(tmp_path, body)
    assert (len(desk.readings), desk.notes) == (1, ["rest at 3"])


def test_a_fresh_file_that_goes_on_changing_is_read_again(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        desk.write("watch\n", ago=0.5)
        await desk.reader.read_steadily()
        asyncio.get_running_loop().call_later(1.5, desk.write, "watch web\n")
        await asyncio.sleep(60)

    assert run(tmp_path, body).notes == ["reread at 2"]


def test_nothing_is_looked_at_after_the_end(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        desk.write("watch\n", ago=0.5)
        await desk.reader.read_steadily()
        desk.reader.close()
        desk.write("watch web\n")
        await asyncio.sleep(60)

    assert run(tmp_path, body).notes == []


async def test_without_a_configuration_each_attempt_is_refused() -> None:
    async def reread() -> None:
        raise AssertionError("there is nothing to read")

    clock = EngineClock(VirtualClock(lambda: 0.0), LIMITS)
    reader = ConfigurationReader(None, clock, LIMITS, reread=reread, on_rest=lambda: None)
    for attempt in (reader.read, reader.read_steadily):
        with pytest.raises(PymonError, match="there is no configuration to read"):
            await attempt()
