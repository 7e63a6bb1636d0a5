"""The record: what is handed over is on file when it is settled, and comes back."""

# ruff: noqa: ASYNC110, ASYNC240  # nothing else runs in these loops, and what is waited for is in a file
from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from pymon.errors import RecordError
from pymon.model.delivery import PendingDelivery
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.measurement import Measurement
from pymon.model.state import PeriodState, ServiceState
from pymon.model.status import OpStatus
from pymon.store.batch import Batch, Disabled, Saved
from pymon.store.limits import StoreLimits
from pymon.store.offline import look_up
from pymon.store.store import Store, record_path
from tests.store.samples import MAIL, T0, WEB, act, check, pending, states, texts

DOWN = ServiceState(op_status=OpStatus.FAIL, ack=T0, ack_comment="bob: on it", periods={"p": PeriodState(T0, 1, 1)})
LIMITS = StoreLimits()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "pymon.db"


@pytest.fixture
async def record(path: Path) -> AsyncIterator[Store]:
    """A record that is open, and closed in the end."""
    made = Store(path)
    await made.open()
    yield made
    await made.close()


async def reopened(path: Path, *, fresh: bool = False) -> Saved:
    """What the next daemon finds."""
    other = Store(path)
    try:
        return await other.open(fresh=fresh)
    finally:
        await other.close()


async def on_file(path: Path, key: ServiceKey = WEB) -> tuple[TimelineEvent, ...]:
    """The events that are committed, read by another process's means."""
    return (await asyncio.to_thread(look_up, path, key)).events


async def test_a_new_record_is_empty_and_nobody_else_may_read_it(path: Path) -> None:
    record = Store(path)
    assert await record.open() == Saved()
    assert path.stat().st_mode & 0o777 == 0o600
    await record.close()


async def test_everything_comes_back(record: Store, path: Path) -> None:
    """R-record: a restart resumes states, what is disabled, the scheduler, and alerts that were not done."""
    record.state(WEB, ServiceState())
    record.state(WEB, DOWN)
    record.state(MAIL, ServiceState())
    record.disabled({"web"}, {MAIL}, {"h1", "h2"})
    record.scheduler(T0)
    record.alert_decided("1", pending(T0 + 1))
    record.alert_decided("2", pending())
    record.alert_decided("3", pending())
    record.alert_started("2", T0 + 2)
    record.alert_ended("3")
    record.alert_ended("never decided")
    await record.close()
    saved = await reopened(path)
    assert saved.last_write > 0
    assert saved == Saved(
        states={WEB: DOWN, MAIL: ServiceState()},
        disabled_watches=frozenset({"web"}),
        disabled_services=frozenset({MAIL}),
        disabled_hosts=frozenset({"h1", "h2"}),
        stopped_since=T0,
        undone=(PendingDelivery("2", pending(), T0 + 2), PendingDelivery("1", pending(T0 + 1))),
        last_write=saved.last_write,
    )


def measured(at: float, value: float = 0.25) -> ServiceState:
    """A service that was measured then."""
    return ServiceState(measured=at, measurements=(Measurement("h\udcff", "time", value, "s"),))


async def test_measurements_come_back_and_go_with_their_service(record: Store, path: Path) -> None:
    """R-measured."""
    record.state(WEB, measured(T0))
    record.state(MAIL, measured(T0))
    await record.settled()
    found = await asyncio.to_thread(look_up, path, WEB)
    assert found.state == measured(T0)
    record.retain([WEB])
    await record.close()
    assert (await reopened(path)).states == {WEB: measured(T0)}
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM measurements").fetchone() == (1,)
    connection.close()
    assert await reopened(path, fresh=True) == Saved()


async def test_measurements_of_a_service_that_begins_anew_are_forgotten(record: Store, path: Path) -> None:
    """R-measured: ``reset`` without keepstate."""
    record.state(WEB, measured(T0))
    await record.settled()
    record.state(WEB, ServiceState())
    await record.close()
    assert (await reopened(path)).states == {WEB: ServiceState()}


async def test_measurements_are_written_once_a_minute_and_at_the_end(path: Path) -> None:
    """R-measured: those of a thousand hosts are large; what a kill may lose is a minute of them."""
    record = Store(path)
    await record.open()
    at = T0
    for seconds in (0, 10, 10, LIMITS.measured_every - 21):
        at += seconds
        record.state(WEB, replace(measured(at), ack=at))
        await record.settled()
        found = (await asyncio.to_thread(look_up, path, WEB)).state
        assert found == replace(measured(T0), ack=at)
    record.state(WEB, measured(T0 + LIMITS.measured_every))
    record.state(WEB, measured(T0 + LIMITS.measured_every + 1))
    await record.settled()
    assert (await asyncio.to_thread(look_up, path, WEB)).state == measured(T0 + LIMITS.measured_every + 1)
    record.state(WEB, measured(T0 + LIMITS.measured_every + 2))
    await record.close()
    record = Store(path)
    saved = await record.open()
    assert saved.states == {WEB: measured(T0 + LIMITS.measured_every + 2)}
    record.state(WEB, saved.states[WEB])
    record.state(WEB, measured(T0 + LIMITS.measured_every + 12))
    await record.settled()
    assert (await asyncio.to_thread(look_up, path, WEB)).state == measured(T0 + LIMITS.measured_every + 2)
    await record.close()


async def test_what_is_over_does_not_come_back(record: Store, path: Path) -> None:
    record.disabled({"web"}, {MAIL}, {"h1"})
    record.scheduler(T0)
    record.alert_decided("1", pending())
    record.state(MAIL, DOWN)
    await record.settled()
    record.disabled((), (), ())
    record.scheduler(None)
    record.alert_ended("1")
    record.retain([WEB])
    await record.close()
    saved = await reopened(path)
    assert saved == Saved(last_write=saved.last_write)


async def test_a_fresh_start_forgets_all_but_the_events(record: Store, path: Path) -> None:
    """R-fresh."""
    record.state(WEB, DOWN)
    record.disabled({"web"}, (), ())
    record.add(act(T0))
    await record.close()
    assert await reopened(path, fresh=True) == Saved()
    assert await reopened(path) == Saved()
    assert await on_file(path) == (act(T0),)


async def test_a_state_is_there_once_it_is_settled(record: Store, path: Path) -> None:
    record.state(WEB, DOWN)
    await record.settled()
    assert (await asyncio.to_thread(look_up, path, WEB)).state == DOWN


async def test_a_state_waits_for_company_but_not_for_long(path: Path) -> None:
    record = Store(path, StoreLimits(flush_every=0.05))
    await record.open()
    record.state(WEB, DOWN)
    async with asyncio.timeout(10):
        while (found := await asyncio.to_thread(look_up, path, WEB)).state is None:
            await asyncio.sleep(0.01)
    assert found.state == DOWN
    await record.close()


async def test_an_event_takes_the_states_along_without_being_asked(path: Path) -> None:
    record = Store(path, StoreLimits(flush_every=3600))
    await record.open()
    record.state(WEB, DOWN)
    record.add(check(T0))
    async with asyncio.timeout(10):
        while not await on_file(path):
            await asyncio.sleep(0.01)
    assert (await asyncio.to_thread(look_up, path, WEB)).state == DOWN
    await record.close()


async def test_nothing_to_settle_takes_no_turn_of_the_loop(record: Store) -> None:
    record.add(check(T0))
    await record.settled()
    settling = record.settled()
    with pytest.raises(StopIteration):
        settling.send(None)


async def test_what_comes_while_it_writes_is_settled_too(record: Store, path: Path) -> None:
    """Many clients at once: each finds on file what was handed over before it asked."""

    async def client(number: int) -> None:
        record.add(act(T0 + number, f"did {number}"))
        await record.settled()
        assert f"did {number}" in {event.text for event in await on_file(path)}

    async with asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(client(number))
            await asyncio.sleep(0)


async def test_repetitions_are_one_row_over_batches_and_days(record: Store, path: Path) -> None:
    for minute in range(10):
        record.add(check(T0 + 60 * minute))
        await record.settled()
    (one,) = await on_file(path)
    assert (one.at, one.until, one.count) == (T0, T0 + 540, 10)
    record.add(check(T0 + 600, "ok"))
    assert [event.count for event in await record.events(WEB)] == [10, 1]


async def test_numbers_of_two_daemons_do_not_meet(record: Store, path: Path) -> None:
    record.add(act(T0, "one"), act(T0 + 1, "two"))
    await record.close()
    other = Store(path)
    await other.open()
    other.add(act(T0 + 2, "three"))
    assert [event.text for event in await other.events(WEB)] == ["one", "two", "three"]
    await other.close()


async def test_events_of_a_service_include_its_watch_and_the_daemon(record: Store) -> None:
    record.add(check(T0), act(T0 + 1, "disabled watch web", ("web", "")), act(T0 + 2, "stopped", ("", "")))
    record.add(check(T0, key=MAIL), check(T0, key=ServiceKey("web", "dns")), act(T0 + 3, "x", ("mail", "")))
    assert [event.at for event in await record.events(WEB)] == [T0, T0 + 1, T0 + 2]
    assert len(await record.events(None)) == 6


async def test_the_newest_events_are_given_that_reach_into_the_time(record: Store) -> None:
    record.add(check(T0), check(T0 + 500), act(T0 + 100, "a"), act(T0 + 600, "b"), act(T0 + 700, "c"))
    assert [event.at for event in await record.events(WEB, since=T0 + 400)] == [T0, T0 + 600, T0 + 700]
    assert [event.text for event in await record.events(WEB, limit=2)] == ["b", "c"]
    assert await record.events(WEB, limit=0) == []


@pytest.mark.slow
@given(group=texts, service=texts, text=texts, state=states)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_any_name_and_text_survives(
    tmp_path: Path, group: str, service: str, text: str, state: ServiceState
) -> None:
    path = tmp_path / "pymon.db"
    path.unlink(missing_ok=True)
    record = Store(path)
    await record.open()
    key, event = (
        ServiceKey(group, service),
        TimelineEvent(T0, TimelineKind.CHECK, text, group, service, text, {"a": text}),
    )
    record.state(key, state)
    record.add(event)
    record.disabled([group], [key], [text])
    await record.close()
    saved = await reopened(path)
    assert saved.states == {key: state}
    disabled = Disabled(saved.disabled_watches, saved.disabled_services, saved.disabled_hosts)
    assert disabled == Disabled(frozenset({group}), frozenset({key}), frozenset({text}))
    assert (await asyncio.to_thread(look_up, path, key)).events == (event,)


@pytest.mark.slow
async def test_without_a_path_it_is_in_memory_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    record = Store(record_path(""))
    assert await record.open() == Saved()
    for second in range(LIMITS.events_waiting + 10):
        record.add(act(T0 + second))
    record.state(WEB, DOWN)
    await record.settled()
    events = await record.events(WEB, limit=10**6)
    assert (len(events), events[0].at) == (LIMITS.events_waiting, T0 + 10)
    assert await record.events(WEB, since=T0 + LIMITS.events_waiting + 8) == events[-2:]
    await record.close()
    assert list(tmp_path.iterdir()) == []


async def test_what_is_handed_over_before_the_start_is_written_then(path: Path) -> None:
    record = Store(path)
    record.add(act(T0))
    record.state(WEB, DOWN)
    await record.settled()
    assert await record.open() == Saved()
    await record.settled()
    assert await on_file(path) == (act(T0),)
    await record.close()


async def test_long_texts_are_cut(record: Store, path: Path) -> None:
    record.add(TimelineEvent(T0, TimelineKind.CHECK, "x" * 100_000, *WEB, facts={"x": "y" * 100_000}))
    await record.settled()
    (event,) = await on_file(path)
    assert len(event.text) < 5000
    assert set(event.facts) == {"cut"}


async def test_a_record_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="there is none"):
        look_up(tmp_path / "pymon.db", WEB)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
async def test_ten_thousand_states_leave_the_loop_its_turns(record: Store) -> None:
    for number in range(10_000):
        record.state(ServiceKey(f"g{number}", "s"), DOWN)
    settling = asyncio.ensure_future(record.settled())
    turns = 0
    while not settling.done():
        turns += 1
        await asyncio.sleep(0.001)
    assert turns > 30


def test_what_is_newer_stays_when_a_batch_comes_back() -> None:
    """After a write that failed, the states and alerts handed over meanwhile are those that count."""
    other = ServiceKey("web", "other")
    failed = Batch(
        states={WEB: ServiceState(), other: DOWN},
        events={1: check(T0), 2: act(T0)},
        alerts={"1": PendingDelivery("1", pending()), "2": PendingDelivery("2", pending())},
        disabled=Disabled(frozenset({"old"})),
        scheduler=(T0,),
        lines=[("alert", "first")],
    )
    waiting = Batch(
        states={WEB: DOWN}, events={2: act(T0 + 1)}, alerts={"1": None}, scheduler=(None,), lines=[("alert", "second")]
    )
    waiting.take_back(failed)
    assert waiting.states == {WEB: DOWN, other: DOWN}
    assert waiting.events == {1: check(T0), 2: act(T0 + 1)}
    assert waiting.alerts == {"1": None, "2": PendingDelivery("2", pending())}
    assert waiting.disabled == Disabled(frozenset({"old"}))
    assert waiting.scheduler == (None,)
    assert waiting.lines == [("alert", "first"), ("alert", "second")]


async def test_alerts_that_ended_leave_nothing_in_memory(path: Path) -> None:
    """Neither without a file nor while it cannot be written, which may last for months."""
    kept = Store(None)
    await kept.open()
    broken = Store(path, StoreLimits(retry_after=0.01))
    path.parent.write_text("no folder")
    await broken.open()
    assert broken.problem
    for number in range(3 * LIMITS.ended_waiting):
        for record in (kept, broken):
            record.alert_decided(str(number), pending())
            record.alert_ended(str(number))
    broken.alert_decided("last", pending())
    waiting = kept._contents.waiting.alerts  # memory has no other face
    assert not waiting
    async with asyncio.timeout(10):
        while len(broken._contents.waiting.alerts) > LIMITS.ended_waiting:  # as above
            await asyncio.sleep(0.01)
        path.parent.unlink()
        while broken.problem:
            await asyncio.sleep(0.01)
    await broken.close()
    assert [undone.token for undone in (await reopened(path)).undone] == ["last"]
    await kept.close()


async def test_an_alert_that_is_not_done_moves_with_the_clock(record: Store, path: Path) -> None:
    """E-clock-set: the next daemon would find it too old, or of a time to come."""
    record.alert_decided("waits", pending(T0))
    record.alert_decided("runs", pending(T0))
    record.alert_started("runs", T0 + 2)
    record.translate(7200.0)
    record.alert_decided("waits", pending(T0))  # to be tried again
    await record.close()
    undone = {each.token: each for each in (await reopened(path)).undone}
    assert undone["waits"] == PendingDelivery("waits", pending(T0 + 7200.0))
    assert undone["runs"] == PendingDelivery("runs", pending(T0 + 7200.0), T0 + 7202.0)


async def test_events_are_told_in_the_order_in_which_they_happened(record: Store) -> None:
    """E-clock-set: also over a clock that was put back, by which the later one was earlier."""
    for number, at in enumerate((T0, T0 + 10.0, T0 - 86400.0, T0 - 86390.0)):
        record.add(TimelineEvent(at, TimelineKind.DAEMON, f"{number}"))
    assert [event.text for event in await record.events(None)] == ["0", "1", "2", "3"]
    await record.close()
