"""Startup alerts: at the start, and at a reload only where the site wants them (startupalerts_on_reset)."""

from __future__ import annotations

import pytest

from tests.engine.conftest import Daemon

SITE = """\
startupalerts_on_reset = {value}

watch localhost
    service x
        interval 1h
        monitor fine.monitor
        period wd {{Sun-Sat}}
            startupalert rec.alert started
"""


@pytest.mark.slow
@pytest.mark.parametrize(("value", "alerts"), [("no", 1), ("yes", 2)])
async def test_startupalerts_on_reset(daemon: Daemon, value: str, alerts: int) -> None:
    daemon.program("fine.monitor", "#!/bin/sh\nexit 0\n")
    calls = daemon.recorder()
    daemon.configure(SITE.format(value=value))
    await daemon.start()
    await daemon.says("calling startupalert rec.alert for localhost/x")
    daemon.hang_up()
    await daemon.says("configuration read again")
    await daemon.says("calling startupalert rec.alert for localhost/x", count=alerts)
    assert await daemon.stop() == 0
    assert sum("calling startupalert" in line["message"] for line in daemon.lines) == alerts
    assert len(list(calls.iterdir())) == alerts
