"""alertmanager.alert against Debian's Alertmanager: fires, is listed, resolves."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from pymon.alert.launch import Launcher
from pymon.alert.limits import AlertLimits
from pymon.contract.invocation import Invocation
from pymon.model.depend import ServiceKey
from pymon.model.effect import AlertCall, SendReason, SendRule
from pymon.model.service import Command
from pymon.model.state import ServiceState
from pymon.model.status import EventKind
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import load
from tests.alerts.adversity import check_adversity
from tests.alerts.conftest import ALERTS, RunAlert
from tests.ports import free_port
from tests.servers.adversity import Adversity, Speech, rows
from tests.servers.alertmanager import AlertManager, alertmanager
from tests.servers.certificates import Authority
from tests.servers.website import Page, website

TESTED = SendReason(SendRule.TEST)

NOW = int(time.time()) - 600  # so that no test relies on being quick
API = "/api/v2/alerts"


def mon(group: str, *more: str, hosts: str = "www1 www2") -> tuple[str, ...]:
    return ("-s", "http", "-g", group, "-h", hosts, "-t", str(NOW), *more)


@pytest.fixture(name="server", scope="module")
def server_fixture() -> Iterator[AlertManager]:
    with alertmanager() as server:
        yield server


def fetch(url: str, context: ssl.SSLContext | None = None, login: str = "") -> Any:
    request = urllib.request.Request(url)
    if login:
        request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
    with urllib.request.urlopen(request, timeout=10, context=context) as answer:
        return json.load(answer)


async def listed(server: AlertManager, group: str) -> list[dict[str, Any]]:
    """The alerts of a group that fire there, by their labels."""
    wanted = quote(f'group="{group}"')
    url = f"{server.url}{API}?filter={wanted}"
    found = await asyncio.to_thread(fetch, url)
    assert all(alert["status"]["state"] == "active" for alert in found)
    return sorted(found, key=lambda alert: str(alert["labels"]))


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.slow
async def test_fires_is_listed_and_resolves_both_ways(both_ways: RunAlert, server: AlertManager) -> None:
    """A-alertmanager: by the same labels; a repetition changes nothing but the end."""
    environ = {"MON_FIRST_FAILURE": str(NOW - 500), "MON_DESCRIPTION": "the shop"}
    arguments = ("--label", "severity=critical", server.url)
    stdin = "www1 죽음\n자세히 \udcff\n"
    for _ in range(2):
        assert await both_ways("alertmanager.alert", *mon("web"), *arguments, stdin=stdin, **environ) == (0, "")
    (alert,) = await listed(server, "web")
    assert alert["labels"] == {"alertname": "http", "group": "web", "service": "http", "severity": "critical"}
    assert alert["annotations"] == {
        "summary": "www1 죽음",
        "description": "자세히 \\xff",
        "service_description": "the shop",
        "hosts": "www1 www2",
        "failed": "www1",
    }
    assert moment(alert["startsAt"]) == NOW - 500
    assert NOW + 86400 <= moment(alert["endsAt"]) <= time.time() + 86400
    up = await both_ways("alertmanager.alert", *mon("web", "-u"), *arguments, stdin="www1\n", **environ)
    assert (up, await listed(server, "web")) == ((0, ""), [])


async def test_options(run_alert: RunAlert, server: AlertManager) -> None:
    options = (
        *("--label", "alertname=Down {group}", "--label", "site=서울", "--expire", "2h", "-S", "mine"),
        *("--annotation", "runbook=https://wiki/{service}?s={summary}", "--annotation", "summary={word} {hosts}"),
        *("--generator-url", "https://mon.example/{group}/{summary}", server.url6),
    )
    assert await run_alert("alertmanager.alert", *mon("options"), *options, stdin="x & y\n") == (0, "")
    (alert,) = await listed(server, "options")
    assert alert["labels"] == {"alertname": "Down options", "group": "options", "service": "http", "site": "서울"}
    assert alert["annotations"] == {
        "summary": "ALERT www1 www2",
        "hosts": "www1 www2",
        "runbook": "https://wiki/http?s=mine",
    }
    assert alert["generatorURL"] == "https://mon.example/options/mine"
    assert moment(alert["startsAt"]) == NOW
    assert NOW + 7200 <= moment(alert["endsAt"]) <= time.time() + 7200


async def test_an_alert_for_each_host(run_alert: RunAlert, server: AlertManager) -> None:
    """A-alertmanager-per: hosts that the summary does not name any more are well."""
    arguments = ("--per", "host", server.url)

    async def instances(summary: str, *more: str) -> list[str]:
        call = (*mon("hosts", *more, hosts="a b c"), *arguments)
        assert await run_alert("alertmanager.alert", *call, stdin=f"{summary}\n") == (0, "")
        return [alert["labels"].get("instance", "-") for alert in await listed(server, "hosts")]

    assert await instances("nothing works") == ["-"]
    assert await instances("a b") == ["a", "b"]
    assert await instances("b c") == ["b", "c"]
    assert await instances("b c", "-u") == []


@pytest.mark.parametrize(
    ("option", "alerttype", "fires"),
    [
        ("-T", "trap", True),
        ("-O", "traptimeout", True),
        ("", "startup", False),
        ("-D", "disable", False),
        ("-u", "up", False),
    ],
)
async def test_kinds_of_event(
    run_alert: RunAlert, server: AlertManager, option: str, alerttype: str, fires: bool
) -> None:
    """A-alertmanager-kinds: what fires an alert, what ends it, and what is nothing to tell."""
    group = f"kind {alerttype}"
    more = (option,) if option else ()
    code, output = await run_alert(
        "alertmanager.alert", *mon(group, *more), server.url, stdin="www1\n", MON_ALERTTYPE=alerttype
    )
    assert (code, bool(output)) == (0, alerttype == "startup")
    assert len(await listed(server, group)) == int(fires)


async def test_a_disabled_service_fires_no_more(run_alert: RunAlert, server: AlertManager) -> None:
    await run_alert("alertmanager.alert", *mon("disabled"), server.url, stdin="www1\n")
    assert len(await listed(server, "disabled")) == 1
    await run_alert("alertmanager.alert", *mon("disabled", "-D"), server.url, stdin="kim")
    assert await listed(server, "disabled") == []


async def test_an_acknowledgement_is_noted(run_alert: RunAlert, server: AlertManager) -> None:
    environ = {"MON_LAST_SUMMARY": "www1", "MON_ACK": "kim: am at it"}
    await run_alert("alertmanager.alert", *mon("acked"), server.url, stdin="www1\ndetail\n")
    await run_alert("alertmanager.alert", *mon("acked", "-a"), server.url, stdin="kim: am at it", **environ)
    (alert,) = await listed(server, "acked")
    assert alert["annotations"] == {
        "summary": "www1",
        "hosts": "www1 www2",
        "failed": "www1",
        "acknowledged": "kim: am at it",
    }


async def test_a_test_expires_soon(run_alert: RunAlert, server: AlertManager) -> None:
    await run_alert("alertmanager.alert", *mon("test"), server.url, stdin="www1\n", MON_ALERTTYPE="test")
    (alert,) = await listed(server, "test")
    assert NOW + 300 <= moment(alert["endsAt"]) <= time.time() + 300


async def test_what_was_held_up_still_fires(run_alert: RunAlert, server: AlertManager) -> None:
    """A-alertmanager-late: --expire counts from when it is told."""
    call = ("-s", "http", "-g", "late", "-h", "www1", "-t", str(NOW - 1000), "--expire", "5m", server.url)
    assert await run_alert("alertmanager.alert", *call, stdin="www1\n") == (0, "")
    (alert,) = await listed(server, "late")
    assert moment(alert["startsAt"]) == NOW - 1000
    assert NOW + 300 <= moment(alert["endsAt"]) <= time.time() + 300


def order_key(*arguments: str, **environ: str) -> object:
    plugin = load("alertmanager.alert", str(ALERTS / "alertmanager.alert")).plugin
    assert plugin is not None
    assert plugin.ordered
    return plugin.order_key(Invocation("alertmanager.alert", arguments, environ))


def test_calls_about_the_same_alert_are_ordered() -> None:
    """A-alertmanager-order."""
    labels = ("--label", "a=b", "--label", "c=d")
    fires = order_key(*mon("web"), *labels, "--expire", "3h", "http://b", "http://a")
    assert fires == order_key(*mon("web", "-u"), "--label", "c=d", "--label", "a=b", "http://a", "http://b")
    assert fires == order_key(*mon("web", "-a"), "-S", "other", *labels, "http://a", "http://b")
    for other in (
        (*mon("www"), *labels, "http://a", "http://b"),
        (*mon("web"), "-s", "ftp", *labels, "http://a", "http://b"),
        (*mon("web"), "http://a", "http://b"),
        (*mon("web"), *labels, "http://a"),
        (*mon("web"), *labels, "--per", "host", "http://a", "http://b"),
    ):
        assert order_key(*other) != fires
    for kind in ("test", "startup"):
        assert order_key(*mon("web"), *labels, "http://a", "http://b", MON_ALERTTYPE=kind) != fires, "no news of it"


async def test_a_failure_that_is_tried_again_does_not_overtake_the_end_of_it() -> None:
    """A-alertmanager-order: the service would fire until --expire, though it is well."""
    file = load("alertmanager.alert", str(ALERTS / "alertmanager.alert"))
    runner = PluginRunner()
    runner.start()
    launcher = Launcher(runner, limits=AlertLimits(retry_delays=(3600.0,)))
    answers = iter((Page(b"not now", 503),))
    try:
        async with website(lambda _asked: next(answers, Page())) as site:
            for posts, kind, option in ((1, EventKind.FAILURE, ()), (2, EventKind.UP, ("-u",))):
                call = Invocation(file.path, (*mon("web", *option), site.url), {}, "www1\n")
                command = Command("alertmanager.alert", site.url, (site.url,))
                about = AlertCall(
                    ServiceKey("web", "http"), kind, command, ServiceState(), "www1\n", time.time(), reason=TESTED
                )
                launcher.launch(about, call, file)
                async with asyncio.timeout(10):
                    while len(site.requests) < posts:  # noqa: ASYNC110  # the server tells nobody
                        await asyncio.sleep(0.01)
            await launcher.drain(10)
    finally:
        runner.stop()
    told = [json.loads(request.body)[0]["endsAt"] for request in site.requests]
    assert [moment(end) > NOW + 60 for end in told] == [True, False]


async def test_a_cluster(run_alert: RunAlert, server: AlertManager) -> None:
    """A-alertmanager-cluster: one that took it is enough; the log tells of the others."""
    closed = f"http://127.0.0.1:{free_port()}"
    code, output = await run_alert("alertmanager.alert", *mon("cluster"), closed, server.url, stdin="www1\n")
    assert (code, output) == (0, f"{closed}: could not connect: Connection refused\n")
    assert len(await listed(server, "cluster")) == 1
    assert (await run_alert("alertmanager.alert", *mon("cluster"), closed, closed, stdin="www1\n"))[0] == 75


async def test_login_by_tls(run_alert: RunAlert, tmp_path: Path) -> None:
    authority = Authority()
    trusted = str(authority.write(tmp_path / "ca.pem"))
    (tmp_path / "password").write_text("hush\n")
    (tmp_path / "wrong").write_text("other\n")
    with alertmanager(authority.issue("am.test", "127.0.0.1", "::1"), password="hush") as server:
        for url in (server.url, server.url6):
            options = ("-C", trusted, "-N", "am.test", "--user", "alice", "--password-file", "credential:password", url)
            result = await run_alert(
                "alertmanager.alert", *mon("tls"), *options, stdin="www1\n", CREDENTIALS_DIRECTORY=str(tmp_path)
            )
            assert result == (0, "")
        context = ssl.create_default_context(cafile=trusted)
        assert len(await asyncio.to_thread(fetch, f"{server.url6}{API}", context, "alice:hush")) == 1
        wrong = ("-C", trusted, "-N", "am.test", "--user", "alice", "--password-file", str(tmp_path / "wrong"))
        code, output = await run_alert("alertmanager.alert", *mon("tls"), *wrong, server.url, stdin="www1\n")
        assert (code, "401" in output) == (77, True), output


async def test_a_path_before_the_api_and_a_token(run_alert: RunAlert, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken\n")
    async with website({f"/am{API}": Page()}) as site:
        arguments = (*mon("x"), "--token-file", str(tmp_path / "token"), f"{site.url}/am/")
        assert await run_alert("alertmanager.alert", *arguments, stdin="www1\n") == (0, "")
    assert site.requests[0].headers["authorization"] == "Bearer t0ken"


@pytest.mark.parametrize(("status", "code"), [(400, 69), (500, 75), (503, 75), (404, 69), (301, 69)])
async def test_answers(run_alert: RunAlert, status: int, code: int) -> None:
    async with website({API: Page(b"why", status)}) as site:
        given, output = await run_alert("alertmanager.alert", *mon("x"), site.url, stdin="www1\n")
    assert (given, str(status) in output) == (code, True), output


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "no URL to send it to"),
        (("--label", "a-b=c", "http://x"), "must be a label such as severity=critical"),
        (("--label", "severity", "http://x"), "must be a label such as severity=critical"),
        (("--label", "what={summary}", "http://x"), "there is no {summary} to fill in"),
        (("--annotation", "what={sumary}", "http://x"), "there is no {sumary} to fill in"),
        (("--per", "host", "--label", "instance=x", "http://x"), "with --per host the label instance is the host"),
        (("--per", "group", "http://x"), "must be one of service, host"),
        (("--expire", "0s", "http://x"), "must be more than nothing"),
        (("--expire", "soon", "http://x"), "must be a duration such as 90s, 5m, 1.5h or 1d"),
    ],
)
async def test_wrong_options(run_alert: RunAlert, options: tuple[str, ...], problem: str) -> None:
    code, output = await run_alert("alertmanager.alert", *mon("x"), *options, stdin="www1\n")
    assert (code, problem in output) == (64, True), output


@pytest.mark.slow
@pytest.mark.parametrize("adversity", rows("tcp", without=("drip",)))
async def test_adversities(adversity: Adversity) -> None:
    await check_adversity(
        "alertmanager.alert",
        lambda enemy: (*mon("x"), "--timeout", str(enemy.limit), f"http://{enemy.host}:{enemy.port}"),
        adversity,
        Speech(b"HTTP/1.1 200 OK\r\nX-Long: x", client_first=True),
        ways=(True,),
    )
