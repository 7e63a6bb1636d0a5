"""What is owed is kept (R-debts, R-follow): over re-reads, restarts and resets, with lvs.alert and with a script."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from pymon.ipvs.model import Listening, Protocol, RealServer, VirtualService
from pymon.ipvs.table import memory_table
from pymon.model import request as asked
from pymon.model.change import ChangeCause, StateChange
from pymon.model.debt import Owed
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineKind
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.store.offline import look_up
from pymon.store.store import FILE
from tests.engine.lab import Lab

VIP = Listening(Protocol.TCP, ip_address("10.0.0.100"), 80)
RIPS = {name: ip_address(f"10.0.0.{number}") for number, name in enumerate(("one", "two", "three"), 1)}
WEB = ServiceKey("web", "http")

# A table of its own: whoever is in it has a file.
SCRIPT = """#!/bin/sh
while [ $# -gt 2 ]; do shift; done
mkdir -p {here}/pool
case $1 in out) rm -f {here}/pool/$2;; in) : >{here}/pool/$2;; esac
echo "$MON_ALERTTYPE $MON_GROUP $MON_SERVICE $1 $2" >>{here}/calls
"""


def lvs(real: str, *more: str) -> tuple[str, str]:
    words = " ".join(("-P tcp -V 10.0.0.100:80", f"-R {RIPS[real]}:80", "-F dr", *more))
    return f"alert lvs.alert {words} -X down", f"upalert lvs.alert {words} -X up"


def script(real: str, *_more: str) -> tuple[str, str]:
    return f"alert pool.alert out {real}", f"upalert pool.alert in {real}"


KINDS = {"lvs.alert": lvs, "script": script}


EVER = "wd {Sun-Sat}"
HOWS = ("reload", "restart", "reset keepstate")


REST = """
hostgroup other h9

watch other
    service ping
        interval 1h
        monitor x.monitor
"""
BEFORE = "wd {Mon-Fri}, wd {Sat-Sun}"


class Pool(Lab):
    """A site with one service (``http`` of ``web``) that has real servers taken out and put back."""

    def __init__(self, here: Path, kind: str) -> None:
        self.kind = kind
        self.lines_of = KINDS[kind]
        memory_table().flush()
        memory_table().add_service(VirtualService(VIP))
        for address in RIPS.values():
            memory_table().add_server(VIP, RealServer(address, 80))
        super().__init__(here, self.site(self.period(BEFORE, "one")), environ={"PYMON_IPVS": "memory"})
        self.program("pool.alert", SCRIPT.format(here=here))
        self.engine = self._engine()  # which finds it
        (here / "pool").mkdir()
        for name in RIPS:
            (here / "pool" / name).touch()

    def period(self, text: str, *reals: str, drop: str = "", rules: str = "") -> str:
        """A period with the lines of some real servers, but for those that begin with ``drop``."""
        lines = [line for real in reals for line in self.lines_of(real) if not drop or not line.startswith(drop)]
        return "".join(
            f"        {line}\n" for line in (f"period {text}", *(f"    {line}" for line in (*lines, rules) if line))
        )

    def site(self, *periods: str, service: str = "http", group: str = "web") -> str:
        head = f"\nhostgroup {group} h1\n\nwatch {group}\n    service {service}\n        interval 1h\n"
        return f"{head}        monitor x.monitor\n{''.join(periods)}{REST}"

    async def read_again(self, *periods: str, how: str = "reload", **names: str) -> None:
        """Another mon.cf, and SIGHUP, ``reset`` or a restart."""
        self.configure(self.site(*periods, **names))
        await self.again(how)

    async def gone(self, how: str = "reload") -> None:
        """A mon.cf without the service."""
        self.configure(REST)
        await self.again(how)

    async def again(self, how: str) -> None:
        if how == "reload":
            await self.engine.reload()
        elif how == "restart":
            await self.restart()
        else:
            outcome = await self.ask(asked.Reset(keepstate=how == "reset keepstate"))
            assert outcome.ok, outcome

    def pool(self) -> set[str]:
        """Who takes part."""
        if self.kind == "script":
            return {path.name for path in (self.here / "pool").iterdir()}
        (virtual,) = memory_table().snapshot().services
        known = {address: name for name, address in RIPS.items()}
        return {known[server.address] for server in virtual.servers}

    async def becomes(self, *names: str) -> None:
        """Wait until those take part, and no script is under way, for scripts have no order among themselves."""
        await self.until(lambda: self.pool() == set(names) and self._have_scripts_ended())

    def _have_scripts_ended(self) -> bool:
        calls = self.here / "calls"
        ended = len(calls.read_text().splitlines()) if calls.exists() else 0
        return self.kind != "script" or ended >= len(self.engine.snapshot().alert_history)

    async def takes_out(self, *reals: str, key: ServiceKey = WEB) -> None:
        self.fail(key)
        await self.becomes(*(RIPS.keys() - set(reals)))

    def owed(self, key: ServiceKey | None = None) -> list[Owed]:
        return list(self.engine.snapshot().owed(key))

    async def told(self, key: ServiceKey = WEB) -> list[str]:
        found = await self.ask(asked.ReadTimeline(key))
        return [event.text for event in found.events]


@pytest.fixture(params=KINDS)
async def pool(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Pool]:
    made = Pool(tmp_path, request.param)
    await made.engine.start()
    yield made
    await made.engine.stop()
    memory_table().flush()


EDITS: dict[str, Callable[[Pool], tuple[str, ...]]] = {
    "another text": lambda pool: (pool.period(EVER, "one"),),
    "no text": lambda pool: (pool.period("", "one"),),
    "a label": lambda pool: (pool.period(f"pages: {BEFORE}", "one"),),
    "a label and another text": lambda pool: (pool.period(f"pages: {EVER}", "one"),),
    "another real server besides": lambda pool: (pool.period(BEFORE, "two", "one"),),
    "a period before it": lambda pool: (pool.period("hr {0-23}", "two"), pool.period(EVER, "one")),
    "split": lambda pool: (pool.period("down:", "one", drop="upalert"), pool.period("up:", "one", drop="alert")),
    "the upalert is gone": lambda pool: (pool.period(BEFORE, "one", drop="upalert"),),
    "the alert is gone": lambda pool: (pool.period(BEFORE, "one", drop="alert"),),
    "both are gone": lambda pool: (pool.period(BEFORE, "two"),),
    "the period is another": lambda pool: (pool.period(EVER, "two"),),
    "no period": lambda pool: (),
}
"""what somebody makes of the period while its outage goes on; whoever was taken out has to come back"""


@pytest.mark.slow
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("edit", EDITS)
async def test_a_real_server_comes_back_whatever_became_of_its_period(pool: Pool, edit: str, how: str) -> None:
    """R-debts: in mon, and after such an edit, it stays out for good."""
    await pool.takes_out("one")
    await pool.read_again(*EDITS[edit](pool), how=how)
    assert pool.state(WEB).op_status is OpStatus.FAIL
    (owed,) = pool.owed()
    assert owed.is_paid_at_recovery
    pool.recover(WEB)
    await pool.becomes(*RIPS)
    assert not pool.owed()
    assert not [text for text in await pool.told() if "no down alert was sent" in text and "period" not in text]


@pytest.mark.parametrize("how", HOWS)
async def test_an_edited_period_does_not_alert_again(pool: Pool, how: str) -> None:
    """R-follow: numalerts and alertevery go on counting."""
    rules = "alertevery 1h strict"
    await pool.read_again(pool.period(BEFORE, "one", rules=rules))
    await pool.takes_out("one")
    calls = len(pool.engine.snapshot().alert_history)
    await pool.read_again(pool.period(EVER, "one", rules=rules), how=how)
    pool.fail(WEB)
    assert len(pool.engine.snapshot().alert_history) == calls
    assert any("alertevery" in text for text in await pool.told())
    pool.recover(WEB)
    await pool.becomes(*RIPS)
    assert len(pool.engine.snapshot().alert_history) == calls + 1, "one upalert"


async def test_labels_that_were_exchanged_stay_with_what_they_act_upon(pool: Pool) -> None:
    await pool.read_again(pool.period(f"a: {EVER}", "one"), pool.period("b: none", "two"))
    await pool.takes_out("one")
    await pool.read_again(pool.period("a: none", "two"), pool.period(f"b: {EVER}", "one"))
    assert [key for key, each in pool.state(WEB).periods.items() if each.alert_sent] == ["b"]
    pool.recover(WEB)
    await pool.becomes(*RIPS)


@pytest.mark.parametrize("how", ["reload", "restart"])
async def test_a_service_that_comes_back_goes_on_with_its_outage(pool: Pool, how: str) -> None:
    await pool.takes_out("one")
    await pool.ask(asked.Acknowledge(WEB, "on it"))
    before = pool.state(WEB)
    await pool.gone(how)
    assert WEB not in pool.engine.states
    (owed,) = pool.owed(WEB)
    assert not owed.is_paid_at_recovery
    assert owed.unpaid_since
    assert "not in mon.cf" in owed.why
    await pool.restart()
    assert [each.by_hand for each in pool.owed(WEB)], "also over a further restart"
    await pool.read_again(pool.period("", "one"), how=how)
    assert (pool.state(WEB).op_status, pool.state(WEB).ack) == (OpStatus.FAIL, before.ack)
    assert pool.state(WEB).left == 0
    pool.recover(WEB)
    await pool.becomes(*RIPS)
    assert not pool.owed()


async def test_what_nothing_pays_is_listed_with_the_command_that_does(
    pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    await pool.takes_out("one")
    await pool.gone()
    (owed,) = pool.owed()
    (line,) = owed.by_hand
    assert any(line.partition(" -t ")[0] in message for message in caplog.messages if "left mon.cf" in message)
    assert any("by hand: " in text and "left mon.cf" in text for text in await pool.told())
    found = look_up(pool.here / "state" / FILE, WEB)
    assert found.state is not None
    assert [str(debt.command) for debt in found.state.debts] == [owed.alert]
    if pool.kind == "script":  # the table in memory is the daemon's
        await asyncio.to_thread(subprocess.run, line, shell=True, check=True, timeout=60)
        await pool.becomes(*RIPS)
    else:
        assert " -u -P tcp -V 10.0.0.100:80 -R 10.0.0.1:80 -F dr -X up </dev/null" in line


@pytest.mark.parametrize("how", ["reload", "restart"])
@pytest.mark.parametrize("names", [{"service": "www"}, {"group": "www"}])
async def test_a_renamed_service_takes_over_what_is_owed(pool: Pool, names: dict[str, str], how: str) -> None:
    await pool.takes_out("one")
    await pool.read_again(pool.period(BEFORE, "one"), how=how, **names)
    heir = ServiceKey(names.get("group", "web"), names.get("service", "http"))
    (owed,) = pool.owed()
    if pool.kind == "script" and how == "restart":  # of words alone nobody can tell, once the declaration is gone
        assert (owed.key, owed.is_paid_at_recovery) == (WEB, False)
        return
    assert (owed.key, owed.is_paid_at_recovery) == (heir, True)
    assert pool.state(heir).op_status is OpStatus.UNTESTED
    pool.recover(heir)
    await pool.becomes(*RIPS)
    assert not pool.owed()


async def test_a_new_service_that_acts_upon_another_thing_takes_over_nothing(pool: Pool) -> None:
    await pool.takes_out("one")
    await pool.read_again(pool.period("", "two"), service="www")
    (owed,) = pool.owed()
    assert (owed.key, owed.is_paid_at_recovery) == (WEB, False)
    pool.recover(ServiceKey("web", "www"))
    await pool.engine.settled()
    assert "one" not in pool.pool()


async def test_the_upalert_of_another_service_for_the_same_thing_pays(pool: Pool) -> None:
    await pool.takes_out("one")
    await pool.gone()
    await pool.read_again(pool.period("", "two"), service="www")
    await pool.read_again(pool.period("", "two", "one"), service="www")
    pool.fail(ServiceKey("web", "www"))
    await pool.becomes("three")
    changes: list[StateChange] = []
    pool.engine.observe(changes.append)
    pool.recover(ServiceKey("web", "www"))
    await pool.becomes(*RIPS)
    assert bool(pool.owed()) is (pool.kind == "script"), "of a script's words nobody knows what they do"
    paid = [change for change in changes if change.cause is ChangeCause.PAYMENT]
    assert [change.key for change in paid] == ([] if pool.kind == "script" else [WEB]), "observers are told"
    assert all(change.before.debts and not change.after.debts for change in paid)


async def test_a_reset_forgets_the_state_and_not_what_is_owed(pool: Pool) -> None:
    await pool.takes_out("one")
    await pool.again("reset")
    assert pool.state(WEB) == ServiceState(debts=pool.state(WEB).debts)
    assert [owed.is_paid_at_recovery for owed in pool.owed()] == [True]
    await pool.restart()
    pool.recover(WEB)
    await pool.becomes(*RIPS)
    assert any("it pays for the down alert" in text for text in await pool.told())
    assert not pool.owed()


async def test_state_fresh_says_what_it_forgets(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """R-fresh: nothing of it is taken up, nor silently so."""
    pool = Pool(tmp_path, "script")
    await pool.engine.start()
    await pool.takes_out("one")
    pool.head += "state = fresh\n"
    await pool.read_again(pool.period("", "one"), how="restart")
    assert replace(pool.state(WEB), periods={}) == ServiceState()
    assert any("state = fresh" in message and "by hand: " in message for message in caplog.messages)
    assert any("state = fresh" in text and " -u in one </dev/null" in text for text in await pool.told())
    await pool.engine.stop()


async def test_a_payment_left_undone_is_done_though_its_service_is_gone(tmp_path: Path) -> None:
    """It was decided that the real server is well: dropping that would leave it out."""
    pool = Pool(tmp_path, "lvs.alert")
    await pool.engine.start()
    await pool.takes_out("one")
    servers = [server for each in memory_table().snapshot().services for server in each.servers]
    memory_table().remove_service(VIP)  # the upalert fails, and is tried again
    pool.recover(WEB)
    await pool.until(lambda: not pool.owed())
    await pool.engine.stop()
    memory_table().add_service(VirtualService(VIP))
    for server in servers:
        memory_table().add_server(VIP, server)
    pool.configure(REST)
    await pool.restart()
    await pool.becomes(*RIPS)
    assert not pool.owed()
    await pool.engine.stop()
    memory_table().flush()


async def test_what_a_recovery_does_not_pay_is_told(pool: Pool, caplog: pytest.LogCaptureFixture) -> None:
    await pool.read_again(pool.period("", "one", rules="upalertafter 1h"))
    await pool.takes_out("one")
    pool.recover(WEB)
    (owed,) = pool.owed()
    assert not owed.is_paid_at_recovery
    assert "upalertafter 1h" in owed.why
    assert any("is not paid for: " in message and "by hand: " in message for message in caplog.messages)
    events = (await pool.ask(asked.ReadTimeline(WEB))).events
    assert any("is not paid for" in event.text for event in events if event.kind is TimelineKind.DAEMON)
    await pool.restart()
    assert [each.why for each in pool.owed()] == [owed.why]
    pool.fail(WEB)
    await pool.engine.settled()
    assert [each.is_paid_at_recovery for each in pool.owed()] == [True], "another outage, the same thing"


async def test_a_warning_of_lines_that_were_removed(pool: Pool, caplog: pytest.LogCaptureFixture) -> None:
    await pool.takes_out("one")
    await pool.read_again(pool.period(BEFORE, "two"))
    down, up = (line.partition(" ")[2] for line in pool.lines_of("one"))
    (message,) = [each for each in caplog.messages if "mon.cf has no upalert" in each]
    assert message.startswith(f"web/http: mon.cf has no upalert for the down alert '{down}' of ")
    assert f"at the recovery '{up}' is called, as it was then" in message
    caplog.clear()
    pool.recover(WEB)
    await pool.becomes(*RIPS)
    await pool.engine.reload()
    assert not [each for each in caplog.messages if "mon.cf has no upalert" in each]


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    """The process's table in memory is left as it was found: empty."""
    yield
    memory_table().flush()
