"""The alerts in a running daemon, as docs/alerts.md has them in mon.cf: an outage, from its failure to its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.addresses import IN_A_FOLDER
from tests.ports import free_port
from tests.programs import write_program
from tests.servers.alertmanager import alertmanager
from tests.servers.website import Page, website
from tests.waiting import until

ALERTS = Path(__file__).resolve().parents[2] / "alerts"

CONFIG = (
    IN_A_FOLDER
    + """
mondir = {folder}
alertdir = {alerts}

hostgroup web www1 www2

watch web
    service http
        description the shop
        interval 1s
        inprocess {inprocess}
        monitor flag.monitor
        period
            alertevery 1h
            alert   alertmanager.alert --label severity=critical --expire 3h {am}
            upalert alertmanager.alert --label severity=critical {am}
            alert   webhook.alert --secret-file credential:hook {hook}
            upalert webhook.alert --secret-file credential:hook {hook}
            alert   script.alert -- /usr/bin/tee {folder}/{{group}}-{{word}}
            upalert script.alert --json -- /usr/bin/tee '{folder}/{{word}} of {{service}}'
"""
)
MONITOR = '#!/bin/sh\n[ -e "${0%/*}/broken" ] || exit 0\necho www1\necho why\nexit 1\n'


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncIterator[None]:
    """The daemon with this folder's mon.cf and credentials."""
    with (folder / "log").open("ab") as log:
        daemon = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pymon.cli.main", "run", "-c", str(folder / "mon.cf")),
            stderr=log,
            env={**os.environ, "CREDENTIALS_DIRECTORY": str(folder / "credentials")},
        )
    try:
        yield
    finally:
        daemon.terminate()
        await daemon.wait()


@pytest.mark.slow
@pytest.mark.parametrize("inprocess", ["yes", "no"])
async def test_an_outage_is_told_from_its_failure_to_its_end(tmp_path: Path, inprocess: str) -> None:
    """A-alertmanager, A-webhook, A-script: both ways of running them."""
    for folder in ("state", "credentials"):
        (tmp_path / folder).mkdir()
    (tmp_path / "credentials/hook").write_text("hush\n")
    (tmp_path / "auth.cf").touch()
    write_program(tmp_path / "flag.monitor", MONITOR)
    (tmp_path / "broken").touch()
    answers = iter((Page(b"not now", 503),))
    with alertmanager() as am:

        def firing() -> list[Any]:
            with urllib.request.urlopen(f"{am.url}/api/v2/alerts", timeout=10) as answer:
                found: list[Any] = json.load(answer)
                return found

        async with website(lambda _asked: next(answers, Page(b"ok"))) as site:
            values = {"folder": tmp_path, "alerts": ALERTS, "am": am.url, "hook": site.url, "inprocess": inprocess}
            (tmp_path / "mon.cf").write_text(CONFIG.format(port=free_port(), **values))
            async with running(tmp_path):
                await until(lambda: bool(firing()) and len(site.requests) == 2)
                await until((tmp_path / "web-ALERT").exists)
                (alert,) = firing()
                (tmp_path / "broken").unlink()
                await until(lambda: not firing() and len(site.requests) == 3)
                await until((tmp_path / "UPALERT of http").exists)
    assert alert["labels"] == {"alertname": "http", "group": "web", "service": "http", "severity": "critical"}
    assert (alert["annotations"]["failed"], alert["annotations"]["service_description"]) == ("www1", "the shop")
    told = [json.loads(request.body) for request in site.requests]
    assert [(event["word"], event["failed"]) for event in told] == [
        ("ALERT", ["www1"]),
        ("ALERT", ["www1"]),
        ("UPALERT", ["www1"]),
    ]
    assert told[2]["duration"] > 0
    keys = [request.headers["idempotency-key"] for request in site.requests]
    assert (keys[0] == keys[1], len(set(keys))) == (True, 2)
    assert (tmp_path / "web-ALERT").read_text() == "www1\nwhy\n"
    log = (tmp_path / "log").read_text()
    assert "503 Service Unavailable: not now" in log
    assert "hush" not in log
    assert "Traceback" not in log
