"""M-bound: what is judged with users' expressions is judged within bounds, in the daemon and as a program alike."""

from __future__ import annotations

import asyncio
import json
import os

import pytest

from pymon.contract.invocation import Invocation
from pymon.model.depend import ServiceKey
from pymon.model.result import CheckOutcome
from pymon.plugin import bounded
from pymon.plugin.bounded import JudgingLimits
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import load
from tests.monitors.servers import MONITORS, Check, serving
from tests.servers.website import Page, website

LONG = "a" * 60 + "b"
ENDLESS = "(a|a)*$"
PAGES = {
    "/": Page(LONG.encode()),
    "/big": Page(b"ab" * (2 << 20) + b"\n!"),
    "/json": Page(json.dumps({"text": LONG, "many": [[[1] * 40] * 40] * 20}).encode()),
    "/header": Page(b"fine", headers={"X-Long": LONG}),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("/", ["-m", ENDLESS]),
        ("/", ["-m", "(?m)^(a|a)*c?$"]),
        ("/", ["--absent", ENDLESS]),
        ("/", [word for number in range(300) for word in ("--absent", f"(a|a)*[{number}]?$")]),
        ("/big", ["-m", "(?s).*(?:ab)+.*c$"]),
        ("/header", ["--expect-header", f"X-Long: {ENDLESS}"]),
        ("/json", ["--json", f"$[?search(@, '{ENDLESS}')]"]),
        ("/json", ["--json", f"$[?match(@, '{ENDLESS}')]"]),
        ("/json", ["--json", "$..[?@..[?@..[?@..[?@.x]]]]"]),
    ],
    ids=["match", "match-2", "absent", "many", "big", "header", "json-search", "json-match", "json-path"],
)
async def test_m_bound_http_gives_up(
    check_inside: Check, path: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "LIMITS", JudgingLimits(bound=0.3))
    async with website(PAGES) as site:
        result = await check_inside(
            "http.monitor", "-p", str(site.port), "-u", path, *arguments, site.host, time_limit=60
        )
    assert result.outcome is CheckOutcome.BROKEN
    assert f"{site.host}: not checked: cannot be judged: " in result.output
    assert "was given up after 0.3 s of processor time" in result.output


@pytest.mark.slow
async def test_m_bound_http_gives_up_both_ways(check: Check) -> None:
    async with website(PAGES) as site:
        result = await check("http.monitor", "-p", str(site.port), "-m", ENDLESS, site.host, time_limit=60)
    assert result.outcome is CheckOutcome.BROKEN
    assert f"{site.host}: not checked: cannot be judged: " in result.output
    assert "was given up after 2 s of processor time" in result.output


@pytest.mark.slow
async def test_m_bound_is_not_the_hosts_time(check_inside: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that has answered in time has not timed out, however long it takes to judge the answer."""
    monkeypatch.setattr(bounded, "LIMITS", JudgingLimits(bound=2.0))
    async with website(PAGES) as site:
        result = await check_inside("http.monitor", "-p", str(site.port), "-t", "1.5", "-m", ENDLESS, site.host)
    assert result.outcome is CheckOutcome.BROKEN
    assert f"{site.host}: not checked: cannot be judged: " in result.output


@pytest.mark.slow
async def test_m_bound_ssh_gives_up(check: Check) -> None:
    async def handler(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"SSH-2.0-{LONG}\r\n".encode())
        await writer.drain()

    async with serving(handler) as port:
        result = await check("ssh.monitor", "-p", str(port), "--banner", "(a|a)*$", "127.0.0.1", time_limit=60)
    assert result.outcome is CheckOutcome.BROKEN
    assert "127.0.0.1: not checked: cannot be judged: looking for " in result.output


@pytest.mark.slow
async def test_m_bound_one_sinner_costs_others_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody is banished, and nobody has to become a process."""
    path = MONITORS / "http.monitor"
    runner, file = PluginRunner(), load("http.monitor", str(path))
    runner.start()
    try:
        async with website(PAGES) as site:

            def run(name: str, pattern: str) -> asyncio.Task[object]:
                call = Invocation(str(path), ("-p", str(site.port), "-m", pattern, site.host), dict(os.environ))
                return asyncio.create_task(runner.run(file, call, time_limit=60, user=ServiceKey("web", name)))

            sinner = run("sinner", ENDLESS)
            others = [run(f"other{number}", "a{3,}b$") for number in range(60)]
            results = await asyncio.gather(*others)
            assert {result.exitval for result in results} == {0}  # type: ignore[attr-defined]
            assert (await sinner).outcome is CheckOutcome.BROKEN  # type: ignore[attr-defined]
            assert not list(runner.list_banished())
            assert runner.can_run_in_process(file, ServiceKey("web", "sinner"))
    finally:
        runner.stop()
    assert "held up" not in caplog.text
