"""What a new daemon takes up of an earlier one."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer
from pymon.engine.clock import EngineClock
from pymon.engine.mon_state_sync import parse_kinds
from pymon.model import request as asked
from pymon.model.delivery import Pending
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineKind
from pymon.model.request import SavedKind
from pymon.model.result import CheckOutcome
from pymon.model.state import PeriodState, ServiceState
from pymon.model.status import OpStatus
from pymon.runner.registry import PluginFile
from pymon.store.batch import Saved
from pymon.store.database import Database, Written
from pymon.store.limits import StoreLimits
from pymon.store.reading import opened, results
from pymon.store.store import FILE, Store
from tests.clocks import VirtualClock
from tests.engine.lab import Lab

SITE = """
hostgroup web h1 h2 *h9

watch web
    service x
        interval 1h
        failure_interval 30m
        monitor x.monitor
        period p: wd {Sun-Sat}
            alert rec.alert
            upalert rec.alert
            alertevery 1h
    service brief
        trapduration 0.1s
        monitor x.monitor

hostgroup old h1

watch old
    service x
        interval 1h
        monitor x.monitor
        period
            disablealert rec.alert
"""
X, BRIEF, OLD = ServiceKey("web", "x"), ServiceKey("web", "brief"), ServiceKey("old", "x")


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    made = Lab(tmp_path, SITE)
    await made.engine.start()
    yield made
    await made.engine.stop()


async def test_states_counters_and_pending_upalerts_go_on(lab: Lab) -> None:
    """R-record: mon begins anew with everything."""
    (lab.here / "ill" / "x").touch()
    await lab.ask(asked.TestMonitor(X))
    assert await lab.calls(1) == ["failure web x x is ill"]
    await lab.until(lambda: lab.state(X).op_status is OpStatus.FAIL)
    await lab.ask(asked.Acknowledge(X, "on it"))
    before = lab.state(X)
    await lab.restart()
    assert lab.state(X) == before
    assert lab.engine.next_check(X) == pytest.approx(time.time() + 1200, abs=5), "the first of three"
    lab.fail(X, "x is ill")
    lab.recover(X)
    assert (await lab.calls(2))[1:] == ["up web x x is ill"]
    assert len(lab.lines("calls")) == 2, "alertevery and the acknowledgement went on"


async def test_disabled_items_histories_and_a_stopped_scheduler_go_on(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    lab.fail(X)
    await lab.calls(1)
    await lab.ask(asked.SwitchHosts(("h1",), enable=False))
    await lab.ask(asked.SwitchHosts(("h9",), enable=True))
    await lab.ask(asked.SwitchService(X, enable=False))
    await lab.ask(asked.StopScheduler())
    before = lab.engine.snapshot()
    after = (await lab.restart()).snapshot()
    assert after.stopped_since == before.stopped_since
    assert after.disabled_services == {X}
    assert after.disabled_watches == {"old"}
    assert [(host.name, host.disabled) for host in after.site.hosts("web")] == [
        ("h1", True),
        ("h2", False),
        ("h9", False),
    ]
    assert list(after.alert_history) == list(before.alert_history)
    assert list(after.failure_history) == list(before.failure_history)
    assert len(after.failure_history) == 1
    assert (
        "resumed from the record: 1 services with a result, 1 failing, 0 acknowledged, 1 watches disabled, "
        "1 services disabled, 1 hosts disabled; the scheduler is stopped"
    ) in caplog.messages
    assert (await lab.ask(asked.StartScheduler())).ok
    assert (await lab.restart()).snapshot().stopped_since is None
    assert (await lab.restart(stopped=True)).snapshot().stopped_since is not None, "-S"
    assert (await lab.restart()).snapshot().stopped_since is None, "-S is of one daemon"
    await lab.restart(stopped=True)
    await lab.ask(asked.StopScheduler())
    assert (await lab.restart()).snapshot().stopped_since is not None, "a client's stop is not"


async def test_what_the_configuration_has_no_more_is_of_no_account(lab: Lab) -> None:
    lab.fail(X)
    lab.fail(OLD)
    await lab.ask(asked.SwitchWatch("old", enable=False))
    site = SITE.partition("hostgroup old")[0]
    lab.configure(site.replace("period p:", "period q:").replace("        failure_interval 30m\n", ""))
    await lab.restart()
    assert lab.state(X).op_status is OpStatus.FAIL
    assert lab.state(X).period("q").alert_sent == 1, "the period that follows it"
    assert "p" not in lab.state(X).periods
    assert OLD not in lab.engine.states
    assert not lab.engine.snapshot().disabled_watches
    lab.configure(SITE)
    await lab.restart()
    assert lab.state(OLD).op_status is OpStatus.FAIL, "it has come back"


async def test_state_fresh_forgets_all_but_the_events(lab: Lab) -> None:
    lab.fail(X)
    await lab.ask(asked.SwitchService(X, enable=False))
    lab.configure("state = fresh\n" + SITE)
    await lab.restart()
    assert replace(lab.state(X), periods={}) == ServiceState()
    assert not lab.engine.snapshot().disabled_services
    assert not lab.engine.snapshot().failure_history
    events = (await lab.ask(asked.ReadTimeline(X))).events
    assert [event.kind for event in events if event.kind is TimelineKind.TRAP]


async def test_the_time_of_a_trap_that_was_over_meanwhile_is_over(lab: Lab) -> None:
    lab.fail(BRIEF)
    await lab.ask(asked.SetVariable(BRIEF, "trapduration", ""))
    engine = await lab.restart()
    assert engine.states[BRIEF].op_status is OpStatus.FAIL
    await lab.until(lambda: lab.state(BRIEF).op_status is OpStatus.OK)


# -l


async def test_e_newest_a_file_that_is_newer_than_the_record_counts(lab: Lab) -> None:
    """E-newest: -l."""
    lab.fail(X)
    await lab.ask(asked.SwitchService(X, enable=False))
    await lab.engine.stop()
    state = lab.here / "state"
    (state / "disabled").write_text("disable watch old\n")
    (state / "opstatus").write_text("group=web\tservice=x\top_status=1\tlast_success=1700000000\n")
    for name, offset in (("disabled", 60), ("opstatus", -60)):
        os.utime(state / name, times=(time.time() + offset,) * 2)
    engine = await lab.restart(*SavedKind)
    assert engine.snapshot().disabled_watches == {"old"}, "the file is newer, so mon ran meanwhile"
    assert not engine.snapshot().disabled_services
    assert engine.states[X].op_status is OpStatus.FAIL, "the file is older"


@pytest.mark.parametrize("kinds", [[SavedKind.OPSTATUS], [SavedKind.DISABLED], list(SavedKind)])
async def test_e_newest_a_file_that_is_not_there_does_not_count(lab: Lab, kinds: list[SavedKind]) -> None:
    """E-newest: a start script may always say -l."""
    lab.fail(X)
    await lab.ask(asked.Acknowledge(X, "on it"))
    await lab.ask(asked.SwitchWatch("old", enable=False))
    await lab.engine.stop()
    for kind in SavedKind:
        (lab.here / "state" / kind).unlink(missing_ok=True)
    engine = await lab.restart(*kinds)
    assert engine.states[X].op_status is OpStatus.FAIL
    assert engine.states[X].ack_comment == "bob: on it"
    assert engine.snapshot().disabled_watches == {"old"}


async def test_l_without_a_record_the_files_count(lab: Lab) -> None:
    await lab.engine.stop()
    state = lab.here / "state"
    for path in state.glob(f"{FILE}*"):
        path.unlink()
    (state / "disabled").write_text("disable service web x\n")
    (state / "opstatus").write_text("group=web\tservice=x\top_status=0\tack=1700000000\tack_comment=bob:\\20hm\n")
    for name in ("disabled", "opstatus"):
        os.utime(state / name, times=(1_700_000_000,) * 2)
    engine = await lab.restart(*SavedKind)
    assert engine.snapshot().disabled_services == {X}
    assert engine.states[X].ack_comment == "bob: hm"
    engine = await lab.restart()
    assert engine.snapshot().disabled_services == {X}, "it is in the record now"


def test_l_names_files() -> None:
    assert parse_kinds(None) == ()
    assert parse_kinds("disabled") == (SavedKind.DISABLED,)
    assert parse_kinds("all") == tuple(SavedKind)


# Alerts that were decided


def pending(name: str = "rec.alert", *, ago: float = 5.0, key: str = "", event: str = "failure") -> Pending:
    environ = {"MON_ALERTTYPE": event, "MON_GROUP": "web", "MON_SERVICE": "x"}
    return Pending(key, name, "web", "x", event, time.time() - ago, ("-s", "x"), environ, "left undone\n")


async def leave(lab: Lab, **alerts: tuple[Pending, bool]) -> None:
    """End the engine, and put alerts into its record, begun or not, as if it had been killed."""
    await lab.engine.stop()
    record = Store(lab.here / "state" / FILE)
    await record.open()
    for token, (each, is_started) in alerts.items():
        record.alert_decided(token, each)
        if is_started:
            record.alert_started(token, each.at + 1)
    await record.close()


async def outcomes(lab: Lab) -> list[str]:
    events = (await lab.ask(asked.ReadTimeline(X))).events
    return [event.text for event in events if event.kind is TimelineKind.OUTCOME]


async def test_an_alert_that_was_decided_and_not_begun_is_launched_once(lab: Lab) -> None:
    """E-undone: mon forgets what it has not done."""
    await leave(lab, token=(pending(), False))
    await lab.restart()
    assert await lab.calls(1) == ["failure web x left undone"]
    await lab.restart()
    await lab.restart()
    assert await lab.calls(1) == ["failure web x left undone"]


async def test_an_alert_that_was_begun_is_not_repeated_but_told_of(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    await leave(lab, token=(pending(), True))
    await lab.restart()
    assert "nobody knows whether it arrived" in caplog.text
    (text,) = await outcomes(lab)
    assert text.startswith("rec.alert is not done: decided 5s ago")
    await lab.restart()
    assert len(await outcomes(lab)) == 1, "it is told of once"
    assert not lab.lines("calls")


async def test_an_alert_that_is_too_old_or_unknown_is_not_launched(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    await leave(lab, old=(pending(ago=3700.0), False), unknown=(pending("other.alert"), False))
    await lab.restart()
    await lab.until(lambda: "mon.cf does not name it any more: dropped" in caplog.text)
    assert "which is too long" in caplog.text
    await lab.restart()
    assert len(await outcomes(lab)) == 2
    assert not lab.lines("calls")


async def test_an_ordered_alert_that_was_left_undone_is_done_if_still_wanted(lab: Lab) -> None:
    """Killed between the decision and its end: the record has it."""
    down, up = pending(key="rec.alert 10.0.0.1", ago=9.0), pending(key="rec.alert 10.0.0.1", event="up")
    await leave(lab, down=(down, True), up=(up, False))
    await lab.restart()
    assert await lab.calls(1) == ["up web x left undone"], "the newest decision of its order key, and no other"


async def test_how_an_alert_ended_is_on_record(lab: Lab) -> None:
    lab.program("rec.alert", "#!/bin/sh\necho no such user\nexit 3\n")
    lab.fail(X)
    await lab.engine.stop()
    await lab.restart()
    (text,) = await outcomes(lab)
    assert text.startswith("rec.alert failed (exit 3) after ")
    assert text.endswith(": no such user")


class Setting:
    """Stands for a plugin that changes something in the kernel: its calls are ordered."""

    ordered = True
    retry_on: frozenset[int] = frozenset()

    def order_key(self, invocation: Invocation) -> str:
        return "k"

    async def run(self, invocation: Invocation) -> Answer:
        return Answer(0, "")

    def main(self) -> None:
        raise AssertionError("it is no program")


class SettingElsewhere(Setting):
    """One whose changes outlive this machine's."""

    survives_boot = True


def started_ago(seconds: float) -> EngineClock:
    """The time on a machine that was started so long ago."""
    return EngineClock(VirtualClock(lambda: seconds, begin=time.time() - seconds))


def use_alert(lab: Lab, plugin: Setting) -> None:
    """Let rec.alert be a plugin."""
    owner = lab.engine._owner
    owner.replace_programs(replace(owner.programs, alerts={"rec.alert": PluginFile("rec.alert", "/rec.alert", plugin)}))


@pytest.mark.parametrize(
    ("plugin", "is_rebooted", "alerts"), [(Setting(), True, 2), (Setting(), False, 1), (SettingElsewhere(), True, 1)]
)
async def test_e_reboot_what_ordered_alerts_did_ended_with_the_machine(
    tmp_path: Path, plugin: Setting, is_rebooted: bool, alerts: int
) -> None:
    """E-reboot: the real server that was taken out is in the table again, and alertevery would let it stay there."""
    lab = Lab(tmp_path, SITE)
    use_alert(lab, plugin)
    await lab.engine.start()
    lab.fail(X)
    saved = Saved(states={X: lab.state(X)}, last_write=time.time())
    resumption = replace(lab.engine._resumption(), clock=started_ago(-1 if is_rebooted else 1))
    await resumption.restore(saved, ())
    lab.fail(X)
    assert len(lab.engine.snapshot().alert_history) == alerts
    assert lab.state(X).period("p").alert_sent == 1
    assert lab.state(X).failure_count == 2
    await lab.engine.stop()


async def test_e_reboot_what_is_owed_is_paid_though_nothing_was_alerted_since(tmp_path: Path) -> None:
    """E-reboot, R-debts: nobody knows whether what fills the table at boot has put the real server there."""
    lab = Lab(tmp_path, SITE)
    use_alert(lab, Setting())
    await lab.engine.start()
    lab.fail(X)
    saved = Saved(states={X: lab.state(X)}, last_write=time.time())
    await replace(lab.engine._resumption(), clock=started_ago(-1)).restore(saved, ())
    assert lab.state(X).period("p") == PeriodState()
    lab.recover(X)
    assert [line.split()[0] for line in lab.engine.snapshot().alert_history] == ["trapalert", "upalert"]
    assert not lab.state(X).debts
    await lab.engine.stop()


async def test_e_newest_what_is_owed_is_of_the_record_whatever_the_file_says(lab: Lab) -> None:
    """R-debts: mon knows of counters only."""
    lab.fail(X)
    owed = lab.state(X).debts
    assert owed
    await lab.engine.stop()
    path = lab.here / "state" / "opstatus"
    path.write_text("group=web\tservice=x\top_status=0\tlast_failure=1700000000\n")
    os.utime(path, times=(time.time() + 60,) * 2)
    engine = await lab.restart(SavedKind.OPSTATUS)
    assert engine.states[X].last_failure == 1_700_000_000
    assert engine.states[X].debts == owed


async def test_a_record_that_opens_late_is_gone_on_from_and_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path, SITE)
    await lab.engine.start()
    for key in (X, OLD):
        lab.fail(key)
        assert (await lab.ask(asked.Acknowledge(key, "known"))).ok
    assert (await lab.ask(asked.SwitchService(BRIEF, enable=False))).ok
    may_open, start = threading.Event(), Database.start

    def slowly(database: Database, *, fresh: bool) -> tuple[Saved, Written]:
        assert may_open.wait(20)
        return start(database, fresh=fresh)

    monkeypatch.setattr(Database, "start", slowly)
    lab.limits = StoreLimits(open=0.05)
    await lab.restart()
    assert not lab.state(X).ack, "the disk hangs"
    lab.recover(OLD)
    may_open.set()
    await lab.until(lambda: bool(lab.state(X).ack))
    assert lab.state(OLD).op_status is OpStatus.OK, "what is newer stays"
    assert lab.engine.snapshot().disabled_services == {BRIEF}
    monkeypatch.setattr(Database, "start", start)
    await lab.restart()
    assert lab.state(X).ack_comment == "bob: known"
    assert (lab.state(X).op_status, lab.state(OLD).op_status) == (OpStatus.FAIL, OpStatus.OK)
    assert lab.engine.snapshot().disabled_services == {BRIEF}
    await lab.engine.stop()


async def test_the_results_of_a_service_are_kept_over_restarts(lab: Lab) -> None:
    """R-results: of traps and checks; those that say the same are one run, and what a client sets is none."""
    lab.recover(X)
    lab.recover(X)
    lab.fail(X)
    assert (await lab.ask(asked.SetOpstatus(X, OpStatus.OK))).ok
    (lab.here / "ill" / "x").touch()
    await lab.ask(asked.TestMonitor(X))
    await lab.until(lambda: lab.state(X).last_summary == "x is ill")
    await lab.restart()
    with opened(lab.here / "state" / FILE) as connection:
        runs = [run for _, run in results(connection, X, 0.0, time.time())]
    assert [(run.outcome, run.summary, run.count, run.exitval) for run in runs] == [
        (CheckOutcome.OK, "good", 2, None),
        (CheckOutcome.FAILED, "bad", 1, None),
        (CheckOutcome.FAILED, "x is ill", 1, 1),
    ]
