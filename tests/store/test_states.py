"""The table of the store's states: as it stands in its header, as it is executed, and as the store goes through it."""

# ruff: noqa: ASYNC110  # the store has no event for its states
from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pymon.clock import SystemClock
from pymon.model.depend import ServiceKey
from pymon.model.state import ServiceState
from pymon.store import states
from pymon.store.batch import Batch, Saved
from pymon.store.database import Database, Written
from pymon.store.limits import StoreLimits
from pymon.store.reading import events, opened
from pymon.store.states import TRANSITIONS, ImpossibleTransition, StoreEvent, StoreState, follow
from pymon.store.store import Store
from tests.store.samples import T0, WEB, act
from tests.waiting import until

EVERY_PAIR = [(state, event) for state in StoreState for event in StoreEvent]


def described() -> dict[tuple[StoreState, StoreEvent], StoreState]:
    """The table of the module's header."""
    found = {}
    for line in (states.__doc__ or "").splitlines():
        words = line.split()
        if len(words) >= 3 and words[0] in StoreState.__members__ and words[2] in StoreState.__members__:
            pair = StoreState[words[0]], StoreEvent(words[1])
            assert pair not in found, "said twice"
            found[pair] = StoreState[words[2]]
    return found


@pytest.mark.parametrize(("state", "event"), EVERY_PAIR)
def test_what_the_header_says_is_what_happens(state: StoreState, event: StoreEvent) -> None:
    following = described().get((state, event))
    if following is not None:
        assert follow(state, event) is following
    else:
        with pytest.raises(ImpossibleTransition, match=f"{event.value} while {state.value}"):
            follow(state, event)


def test_each_state_can_be_reached_and_left_for_good() -> None:
    reached, new = set(), {StoreState.CLOSED}
    while new:
        reached |= new
        new = {after for state in reached for after in TRANSITIONS[state].values()} - reached
    assert reached == set(StoreState)
    assert {state for state in StoreState if StoreEvent.CLOSE in TRANSITIONS[state]} == reached - {StoreState.CLOSED}


class Disk(Database):
    """A database whose writes do as the test says; without an answer they hang."""

    def __init__(self, path: Path, limits: StoreLimits) -> None:
        super().__init__(path, limits, SystemClock())
        self.may_open = threading.Event()
        self.may_open.set()
        self.answers: list[Written | Exception] = []
        self.sizes: list[int] = []
        """how many states each batch had"""
        self.event_count = 0
        self.may_write = threading.Semaphore(0)

    def answer(self, *answers: Written | Exception) -> None:
        for each in answers:
            self.answers.append(each)
            self.may_write.release()

    def start(self, *, fresh: bool) -> tuple[Saved, Written]:
        assert self.may_open.wait(20)
        return super().start(fresh=fresh)

    def save(self, batch: Batch) -> Written:
        assert self.may_write.acquire(timeout=20)
        answer = self.answers.pop(0)
        self.sizes.append(len(batch.states))
        self.event_count += len(batch.events)
        if isinstance(answer, Exception):
            raise answer
        return super().save(batch) if answer == Written() else answer


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Makes a store with limits, on a disk that does as ``disk_of`` is told."""
    disks = []

    def store(**limits: float) -> Store:
        path = tmp_path / "pymon.db"
        made = Store(path, StoreLimits(retry_after=0.01, **limits))  # type: ignore[arg-type]  # all of them are floats
        made._database = Disk(path, StoreLimits())  # nothing else makes a disk hang
        disks.append(made._database)
        return made

    yield store
    for disk in disks:
        disk.may_open.set()
        disk.answer(*[Written()] * 10)


Make = Callable[..., Store]


def disk_of(store: Store) -> Disk:
    assert isinstance(store._database, Disk)
    return store._database


def on_file(store: Store) -> int:
    """The events that are committed, read by another process's means."""
    assert store.path is not None
    with opened(store.path) as connection:
        return len(events(connection, None, 0.0, 100))


async def reach(store: Store, state: StoreState) -> None:
    await until(lambda: store._state is state, why=lambda: str(store._state))


async def test_a_disk_that_hangs_is_waited_for_once(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """R-hangs: STALLED. Clients are told that nothing is on file; once it is, all is as before."""
    store = make(settle=0.05)
    await store.open()
    store.add(act(T0))
    await store.settled()
    assert store._state is StoreState.STALLED
    assert "nobody waits for it now" in caplog.text
    assert store.obstacle == "the disk takes longer than 0.05 seconds"
    store.add(act(T0 + 1))
    settling = store.settled()
    with pytest.raises(StopIteration):
        settling.send(None)
    disk_of(store).answer(Written(), Written())
    await reach(store, StoreState.IDLE)
    await store.settled()
    assert store.obstacle == ""
    await store.close()
    assert on_file(store) == 2


@pytest.mark.parametrize("batch", ["none", "one"])
async def test_a_disk_that_hangs_does_not_hang_the_end(
    make: Make, caplog: pytest.LogCaptureFixture, batch: str
) -> None:
    """R-hangs. What comes of it later moves nothing any more."""
    store = make(settle=0.05, close=0.05, **({"open": 0.05} if batch == "none" else {}))
    if batch == "none":
        disk_of(store).may_open.clear()
    await store.open()
    store.add(act(T0))
    await asyncio.wait_for(store.close(), 10)
    assert store._state is StoreState.CLOSED
    assert "could not be closed: the disk hangs" in caplog.text
    disk_of(store).may_open.set()
    disk_of(store).answer(Written())
    await asyncio.sleep(0.02)
    assert store._state is StoreState.CLOSED


async def test_a_disk_that_hangs_at_the_start_is_gone_on_from_later(make: Make) -> None:
    """LATE, and then BLOCKED until everything is written."""
    store = make(open=0.05)
    disk_of(store).may_open.clear()
    late: list[Saved] = []
    assert await store.open(late=late.append) == Saved()
    assert (store._state, late) == (StoreState.LATE, [])
    assert store.problem == "it was not open after 0.05 seconds"
    store.add(act(T0))
    disk_of(store).answer(Written())
    disk_of(store).may_open.set()
    await reach(store, StoreState.IDLE)
    assert (len(late), store.problem) == (1, "")
    await store.close()
    assert on_file(store) == 1


async def test_a_write_that_fails_is_tried_again_and_said_once(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """BLOCKED and RETRYING; also where the write itself crashes."""
    store = make()
    await store.open()
    store.add(act(T0))
    disk_of(store).answer(Written("full"))
    await store.settled()
    assert (store._state, store.obstacle) == (StoreState.BLOCKED, "full")
    disk_of(store).answer(OSError("odd"), Written("full"), Written(needs_all=True), Written())
    await reach(store, StoreState.IDLE)
    assert [each.message.partition(":")[0] for each in caplog.records if each.levelno >= logging.WARNING] == [
        f"cannot keep the record {store.path}",
        "work of the thread pymon-record crashed (a bug in pymon)",
        f"the record {store.path} is kept again",
    ]
    await store.close()
    assert on_file(store) == 1


async def test_who_waits_is_released_only_when_a_new_file_has_all(make: Make) -> None:
    """REPLACED: the file is another now, and what was settled before stands in no file."""
    store = make()
    await store.open()
    store.add(act(T0))
    disk_of(store).answer(Written(needs_all=True))
    settling = asyncio.ensure_future(store.settled())
    await asyncio.sleep(0.02)
    assert not settling.done()
    disk_of(store).answer(Written())
    await settling
    assert store._state is StoreState.IDLE
    await store.close()


async def test_a_sync_that_takes_long_holds_up_no_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-hangs: a disk syncs for seconds, and an alert must find its ledger meanwhile."""
    asked, answers = threading.Event(), threading.Event()

    def hang(*_: object) -> None:
        asked.set()
        assert answers.wait(20)

    monkeypatch.setattr("pymon.store.maintenance.checkpoint", hang)
    store = Store(tmp_path / "pymon.db", StoreLimits(maintain_every=0.0))
    await store.open()
    store.add(act(T0))
    await store.settled()
    assert await asyncio.to_thread(asked.wait, 20)
    store.add(act(T0 + 1))
    await store.settled()
    assert store.obstacle == ""
    assert await asyncio.to_thread(on_file, store) == 2
    answers.set()
    await store.close()


async def test_an_alert_does_not_wait_for_the_states_of_a_large_site(make: Make) -> None:
    """Its batch has what is urgent, and the states that go with it; the others follow in parts."""
    store = make(flush_every=0.01, states_at_once=10)
    disk, keys = disk_of(store), [ServiceKey("site", f"s{number}") for number in range(55)]
    await store.open()
    for key in (*keys, WEB):
        store.state(key, ServiceState(ack=T0))
    store.add(act(T0))
    disk.answer(*[Written()] * 9)
    await store.settled(everything=False)
    assert (disk.sizes[0], disk.event_count) == (1, 1), "that of the service which the event is about"
    async with asyncio.timeout(10):
        while sum(disk.sizes) < 56:
            await asyncio.sleep(0.001)
    assert disk.sizes == [1, 10, 10, 10, 10, 10, 5]
    for key in keys:
        store.state(key, ServiceState(ack=T0 + 1))
    await store.settled()
    assert disk.sizes[7:] == [55], "who waits for everything waits for one batch"
    disk.answer(*[Written()] * 9)
    await store.close()


async def test_events_that_never_end_do_not_keep_states_from_the_file(make: Make) -> None:
    store = make(flush_every=0.05)
    disk = disk_of(store)
    await store.open()
    store.state(ServiceKey("site", "s"), ServiceState(ack=T0))
    disk.answer(*[Written()] * 100_000)
    async with asyncio.timeout(10):
        while not sum(disk.sizes):
            store.add(act(T0))
            await store.settled(everything=False)
    assert sum(disk.sizes) == 1
    assert sum(disk.sizes) > 0
    await store.close()
