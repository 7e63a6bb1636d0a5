"""T-LOST: a trap that may have been lost in a flood is waited for once more, and that is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymon.model import request as asked
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent
from pymon.model.status import OpStatus
from tests.engine.lab import Lab

T, U = ServiceKey("web", "t"), ServiceKey("web", "u")
SITE = """
hostgroup web h1

watch web
    service t
        traptimeout 1s
        period
            alert rec.alert
    service u
        traptimeout 1h
        period
            alert rec.alert
"""


async def events(lab: Lab, key: ServiceKey = T) -> list[TimelineEvent]:
    await lab.engine.settled()
    return list((await lab.ask(asked.ReadTimeline(key))).events)


@pytest.mark.slow
async def test_t_lost_the_timeout_is_put_off_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lab = Lab(tmp_path, SITE)
    await lab.engine.start()
    try:
        lab.engine.note_lost_traps()
        await lab.until(lambda: "waited for once more" in caplog.text)
        assert lab.state(T).op_status is OpStatus.UNTESTED
        assert not lab.lines("calls")
        assert (
            "web/t: no trap came in time, but some were lost meanwhile: it is waited for once more, 1s" in caplog.text
        )
        lab.engine.note_lost_traps()
        assert await lab.calls(1) == ["traptimeout web t trap timeout"]
        told = await events(lab)
    finally:
        await lab.engine.stop()
    assert [event.facts["put_off"] for event in told if "put_off" in event.facts] == [1.0]
    assert caplog.text.count("waited for once more") == 1


@pytest.mark.slow
async def test_t_lost_a_trap_makes_it_be_put_off_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lab = Lab(tmp_path, SITE)
    await lab.engine.start()
    try:
        for count in (1, 2):
            lab.recover(T)
            lab.engine.note_lost_traps()
            await lab.until(lambda wanted=count: caplog.text.count("waited for once more") == wanted)  # type: ignore[misc]
        assert lab.state(T).op_status is OpStatus.OK
    finally:
        await lab.engine.stop()


@pytest.mark.slow
async def test_without_a_loss_since_the_last_trap_it_is_not_put_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lab = Lab(tmp_path, SITE)
    await lab.engine.start()
    try:
        lab.engine.note_lost_traps()
        lab.recover(T)
        assert await lab.calls(1) == ["traptimeout web t trap timeout"]
    finally:
        await lab.engine.stop()
    assert "waited for once more" not in caplog.text
