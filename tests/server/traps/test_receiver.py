"""Traps over UDP: who may send them, what they have to say, and what becomes of all the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pymon.access import crypt
from pymon.core.traps import Addressee, Rejected, route
from pymon.model.auth import AuthRules, TrapSource
from pymon.model.change import Observer
from pymon.model.depend import ServiceKey
from pymon.model.request import Asker, Outcome, Request
from pymon.model.service import Service, Watch
from pymon.model.settings import Settings
from pymon.model.site import Site
from pymon.model.snapshot import Snapshot
from pymon.model.status import OpStatus
from pymon.model.trap import Trap
from pymon.protocol.trap_packet import TrapPacket, format_packet
from pymon.server.limits import ServerLimits
from pymon.server.traps.authorization import Lines, SenderClaim, TrapRight, judge
from pymon.server.traps.password_queue import QueueLimits
from pymon.server.traps.receiver import Traps
from tests.access.test_crypt import HASHES
from tests.server.conftest import AUTH, SITE, Live
from tests.waiting import until

Told = Callable[[], str]
KEY = ServiceKey("g", "s")
OPEN = f"{AUTH}trap section\n* * *\n"
WITH_PASSWORD = f"{AUTH}trap section\n* ann {HASHES['SHA-512']}\n* bob {HASHES['DES']}\n"
PACKET = TrapPacket(usr="ann", pas="secret", grp="g", svc="s", sta="1", sum="down", dtl="very", tsp="1000")


class Taker:
    """The engine's part: keeps what reaches it."""

    def __init__(self, rules: AuthRules, settings: Settings | None = None) -> None:
        services = {key: Service(*key) for key in (KEY, ServiceKey("g", "t"))}
        self.site = Site(
            settings=settings or Settings(), services=services, watches={"g": Watch("g", tuple(services.values()))}
        )
        self.auth = rules
        self.taken: list[tuple[ServiceKey, Trap]] = []
        self.losses = 0

    def snapshot(self) -> Snapshot:
        raise NotImplementedError

    def observe(self, observer: Observer) -> Callable[[], None]:
        raise NotImplementedError

    def observe_reloads(self, observer: Callable[[Settings], None]) -> Callable[[], None]:
        raise NotImplementedError

    async def perform(self, request: Request, asker: Asker) -> Outcome:
        raise NotImplementedError

    async def settled(self) -> None:
        raise NotImplementedError

    def route_trap(self, group: str, service: str) -> Addressee | Rejected:
        return route(self.site.watches, self.site.services, group, service)

    def take_trap(self, key: ServiceKey, trap: Trap) -> None:
        self.taken.append((key, trap))

    def note_lost_traps(self) -> None:
        self.losses += 1


def rules(*lines: tuple[str, str, str]) -> AuthRules:
    return AuthRules(traps=tuple(TrapSource(*line) for line in lines))


ANYBODY = rules(("*", "*", "*"))


# Over the network


async def test_trap_reaches_its_service(live: Live, told: Told) -> None:
    await live.start(auth=OPEN)
    live.send_trap(format_packet(PACKET))
    await until(lambda: live.engine.states[KEY].op_status is OpStatus.FAIL)
    state = live.engine.states[KEY]
    assert (state.last_summary, state.last_detail, state.exitval) == ("down", "\nvery", "1")
    assert live.server.traps.counters.accepted == 1
    assert "from 127.0.0.1 for g s, status 1" in told()
    live.send_trap(format_packet(replace(PACKET, sta="0", sum="up")))
    await until(lambda: live.engine.states[KEY].op_status is OpStatus.OK)


async def test_password_is_looked_at_and_order_kept(live: Live, told: Told) -> None:
    await live.start(auth=WITH_PASSWORD)
    for number in range(20):
        live.send_trap(format_packet(replace(PACKET, sta=str(number), sum=f"number {number}")))
    await until(lambda: live.server.traps.counters.accepted == 20)
    assert live.engine.states[KEY].last_summary == "number 19"
    live.send_trap(format_packet(replace(PACKET, pas="Wrong-S3cret")))
    await until(lambda: live.server.traps.counters.unauthorised == 1)
    assert "received unauthenticated trap from 127.0.0.1" in told()
    assert "secret" not in told()
    assert "Wrong-S3cret" not in told()


async def test_no_hash_of_the_trap_section_is_logged(live: Live, told: Told) -> None:
    """T-HASH: mon logs each line with its hash."""
    await live.start(auth=WITH_PASSWORD)
    live.send_trap(format_packet(PACKET))
    await until(lambda: live.server.traps.counters.accepted == 1)
    await live.reload(auth=f"{WITH_PASSWORD}broken {HASHES['MD5']}\n")
    client = await live.connect()
    await client.ask("reload auth")
    await live.server.stop()
    assert "configuration read again" in told()
    assert not [hashed for hashed in HASHES.values() if hashed in told()]


async def test_everything_that_is_no_good_trap_is_counted_and_told(live: Live, told: Told) -> None:
    await live.start(auth=OPEN)
    counters = live.server.traps.counters
    for data in (
        b"rubbish", b"", b"\0" * 60_000, b"pro=1\ngrp=g\nsvc=s\nsum=x", b"grp=g\nsvc=s\nsta=1", b"pro=0.1\nsta=1",
        b"pro=1\ngrp=nobody\nsvc=s\nsta=1", b"pro=1\ngrp=g\nsvc=nothing\nsta=1\nrubbish",
    ):  # fmt: skip
        live.send_trap(data)
    await until(lambda: counters.received == 8)
    assert (counters.malformed, counters.refused, counters.accepted) == (3, 5, 0)
    for text in (
        "malformed trap from 127.0.0.1: no line of the packet is of the form tag=value",
        "trap from 127.0.0.1 refused: no sta (status) in it",
        "trap from 127.0.0.1 refused: cannot handle traps from version less than 0.3807",
        "trap from 127.0.0.1 refused: trap received for undefined group nobody",
        "trap from 127.0.0.1 refused: trap received for undefined service type g/nothing",
        "a line of a trap from 127.0.0.1 is not of the form tag=value: 7 characters",
    ):
        assert text in told()
    await live.server.stop()
    assert "traps: 8 received, 3 malformed, 5 refused" in told()


async def test_default_group_catches_what_is_for_nobody(live: Live) -> None:
    site = SITE.replace(
        "watch g\n", "hostgroup default d\n\nwatch default\n service default\n  traptimeout 1h\n\nwatch g\n"
    )
    await live.start(site=site, auth=OPEN)
    live.send_trap(format_packet(replace(PACKET, grp="lost", svc="x")))
    default = ServiceKey("default", "default")
    await until(lambda: live.engine.states[default].op_status is OpStatus.FAIL)
    assert live.engine.states[default].failure_count == 1


async def test_ipv6_sender(live: Live) -> None:
    taker = Taker(rules(("2001:db8:0::1", "*", "*")))
    made = Traps(taker)
    made.take(format_packet(PACKET), "2001:db8::1")
    made.take(format_packet(PACKET), "2001:db8::2")
    assert (made.counters.accepted, made.counters.unauthorised) == (1, 1)
    await made.stop()


async def test_rate_of_the_log_is_limited_and_nothing_is_lost_of_the_count(live: Live, told: Told) -> None:
    await live.start(auth=OPEN)
    for _ in range(200):
        live.server.traps.take(b"rubbish", "10.0.0.1")
    assert live.server.traps.counters.malformed == 200
    assert told().count("malformed trap") == 10


# Rights


@pytest.mark.parametrize(
    ("lines", "address", "usr", "pas", "accepted"),
    [
        ([("*", "*", "*")], "10.0.0.1", "", "", True),
        ([("*", "*", "*")], "10.0.0.1", "*", "", True),
        ([("10.0.0.1", "*", "x")], "10.0.0.1", "who", "ever", True),
        ([("10.0.0.1", "*", "x")], "10.0.0.2", "", "", False),
        ([("*", "ann", HASHES["DES"])], "10.0.0.9", "ann", "secret", True),
        ([("*", "ann", HASHES["DES"])], "10.0.0.9", "ann", "wrong", False),
        ([("*", "ann", HASHES["DES"])], "10.0.0.9", "ann", "", False),
        ([("*", "ann", HASHES["DES"])], "10.0.0.9", "ann", HASHES["DES"], False),
        ([("*", "ann", HASHES["DES"])], "10.0.0.9", "bob", "secret", False),
        ([("*", "ann", HASHES["DES"])], "10.0.0.9", "", "", False),
        ([("*", "ann", HASHES["DES"])], "10.0.0.9", "*", "secret", False),
        ([("10.0.0.1", "ann", HASHES["DES"])], "10.0.0.1", "*", "", False),
        ([("*", "ann", "secret")], "10.0.0.9", "ann", "secret", False),
        ([("*", "ann", HASHES["DES"]), ("10.0.0.1", "*", "x")], "10.0.0.1", "", "", False),
        ([("*", "ann", "*"), ("*", "ann", HASHES["MD5"])], "10.0.0.1", "ann", "secret", True),
        ([("localhost", "*", "x")], "127.0.0.1", "", "", True),
        ([("localhost", "*", "x")], "10.0.0.1", "", "", False),
        ([("no.such.name.invalid", "*", "x")], "127.0.0.1", "", "", False),
        ([], "127.0.0.1", "", "", False),
    ],
)  # fmt: skip
async def test_trap_section(
    lines: list[tuple[str, str, str]], address: str, usr: str, pas: str, accepted: bool
) -> None:
    """T-STAR: in mon a packet that claims usr=* is accepted wherever the host has lines."""
    taker = Taker(rules(*lines))
    made = Traps(taker)
    made.start()
    made.take(format_packet(replace(PACKET, usr=usr, pas=pas)), address)
    await until(lambda: made.counters.accepted + made.counters.unauthorised == 1)
    assert len(taker.taken) == accepted
    await made.stop()


def test_star_in_a_packet_is_a_name_like_others() -> None:
    sources = (TrapSource("10.0.0.1", "ann", "x"),)
    assert judge(SenderClaim("10.0.0.1", "*", ""), sources, lambda *_: TrapRight.YES) is TrapRight.NO
    assert Lines(AuthRules(traps=sources)).of("10.0.0.2", lambda _name: frozenset()) == ()


def test_lines_of_a_sender_keep_their_order() -> None:
    """The last line of a user counts."""
    lines = Lines(rules(("a.test", "ann", "1"), ("10.0.0.1", "ann", "2"), ("a.test", "bob", "3"), ("::1", "zoe", "4")))
    found = lines.of("10.0.0.1", {"a.test": frozenset({"10.0.0.1"})}.__getitem__)
    assert [source.password_hash for source in found] == ["1", "2", "3"]
    assert lines.names == {"a.test"}


async def test_flood_of_traps_costs_one_hash_for_each_password(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    fits = crypt.fits

    def counted(password: str, hashed: str) -> bool:
        calls.append(password)
        return fits(password, hashed)

    monkeypatch.setattr(crypt, "fits", counted)
    taker = Taker(rules(("*", "ann", HASHES["SHA-512"])))
    made = Traps(taker)
    made.start()
    for number in range(1000):
        made.take(format_packet(replace(PACKET, pas="secret" if number % 2 else "wrong")), "10.0.0.1")
        if number % 10 == 0:
            await until(lambda: not made.is_busy)
    await until(lambda: not made.is_busy)
    assert sorted(calls) == ["secret", "wrong"]
    assert (made.counters.accepted, made.counters.unauthorised, made.counters.lost) == (500, 500, 0)
    assert b"secret" not in b"".join(made._auth._verdicts), "what is remembered is a keyed digest"
    await made.stop()


async def test_flood_of_guesses_loses_its_own_traps_and_not_those_of_others() -> None:
    taker = Taker(rules(("*", "ann", HASHES["SHA-512"])))
    made = Traps(taker)
    made.start()
    made.take(format_packet(PACKET), "10.0.0.1")
    await until(lambda: made.counters.accepted == 1)
    for number in range(500):
        made.take(format_packet(replace(PACKET, pas=f"guess {number}")), "10.0.0.66")
    made.take(format_packet(PACKET), "10.0.0.1")
    assert made.counters.accepted == 2, "it did not wait for the guesses"
    assert made.counters.lost == 500 - QueueLimits().of_sender
    await made.stop()
    assert "secret" not in repr(SenderClaim("10.0.0.1", "ann", "secret"))


@pytest.mark.slow
async def test_remembered_passwords_are_few_and_right_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crypt, "fits", lambda password, _hashed: password == "secret")
    made = Traps(Taker(rules(("*", "ann", HASHES["SHA-512"]))), limits=ServerLimits(remembered_passwords=10))
    made.start()
    for number in range(50):
        made.take(format_packet(replace(PACKET, pas=f"guess {number}" if number else "secret")), "10.0.0.1")
        await until(lambda: not made.is_busy)
    assert len(made._auth._verdicts) == 10
    assert list(made._auth._verdicts.values()).count(True) == 1
    await made.stop()


async def test_names_are_looked_up_again_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    now, found = 0.0, ["10.0.0.1"]
    lookups = 0

    async def getaddrinfo(_name: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        nonlocal lookups
        lookups += 1
        if not found:
            raise OSError("no answer")
        return [(2, 2, 0, "", (found[0], 0))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    made = Traps(Taker(rules(("sender.test", "*", "*"))), ticks=lambda: now)
    made.start()

    async def is_accepted(address: str) -> bool:
        before = made.counters.accepted
        made.take(format_packet(PACKET), address)
        await until(lambda: not made.is_busy and not made._auth._lookups)
        return made.counters.accepted > before

    assert await is_accepted("10.0.0.1")
    assert not await is_accepted("10.0.0.2")
    assert lookups == 1
    found[0], now = "10.0.0.2", ServerLimits().host_name_age
    assert await is_accepted("10.0.0.1"), "the old address is used while it is looked up again"
    assert await is_accepted("10.0.0.2")
    found.clear()
    now = 2 * ServerLimits().host_name_age
    assert await is_accepted("10.0.0.2")
    assert await is_accepted("10.0.0.2"), "the last addresses known are better than none"
    assert lookups == 3
    await made.stop()


# Age


async def test_trapmaxage_refuses_old_and_replayed_ones(told: Told) -> None:
    """T-AGE: mon takes a trap as often as it comes, however old."""
    taker = Taker(ANYBODY, replace(Settings(), trapmaxage=60.0))
    made = Traps(taker, clock=lambda: 1000.0)
    good = format_packet(replace(PACKET, tsp="990"))
    for data in (good, good, format_packet(replace(PACKET, tsp="900")), format_packet(replace(PACKET, tsp=""))):
        made.take(data, "10.0.0.1")
    made.take(good, "10.0.0.2")
    assert (made.counters.accepted, made.counters.stale) == (1, 4)
    assert "trap from 10.0.0.1 refused: it is replayed" in told()
    assert "trap from 10.0.0.1 refused: it was sent 100 s ago" in told()
    await made.stop()


async def test_duplicates_are_taken_and_counted_without_trapmaxage(told: Told) -> None:
    taker = Taker(ANYBODY)
    made = Traps(taker)
    for _ in range(3):
        made.take(format_packet(PACKET), "10.0.0.1")
    assert (made.counters.accepted, made.counters.duplicates, len(taker.taken)) == (3, 2, 3)
    assert "a trap from 10.0.0.1 came twice" in told()
    await made.stop()


# Rubbish of all kinds

VALUES = st.sampled_from(["g", "s", "t", "*", "ann", "secret", "0", "1", "", "'", "''", "\\2a", "0.3807", "9" * 400])
LINES = st.tuples(
    st.sampled_from([b"pro", b"usr", b"pas", b"grp", b"svc", b"sta", b"sum", b"dtl", b"tsp", b"typ", b"x"]),
    VALUES.map(str.encode) | st.binary(max_size=40),
).map(b"=".join)
DATAGRAMS = st.binary(max_size=500) | st.lists(LINES, max_size=15).map(b"\n".join)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(DATAGRAMS, st.sampled_from(["10.0.0.1", "::1", "fe80::1", ""])), max_size=20), st.booleans())
def test_any_datagrams_are_taken_without_harm(sent: list[tuple[bytes, str]], ages: bool) -> None:
    """Fuzzed: each is counted once as what became of it, nothing is raised, and only the rightful are believed."""

    async def take() -> None:
        taker = Taker(rules(("10.0.0.1", "ann", HASHES["DES"]), ("::1", "*", "*")))
        taker.site = replace(taker.site, settings=replace(Settings(), trapmaxage=60.0 if ages else 0.0))
        made = Traps(taker, clock=time.time)
        made.start()
        for data, address in sent:
            made.take(data, address)
        await until(lambda: not made.is_busy)
        counts = made.counters
        ended = counts.accepted + counts.malformed + counts.unauthorised + counts.refused + counts.stale + counts.lost
        assert counts.received == len(sent) == ended
        assert len(taker.taken) == counts.accepted
        assert all(key in taker.site.services for key, _ in taker.taken)
        if all(address not in ("::1", "10.0.0.1") for _, address in sent):
            assert counts.accepted == 0
        await made.stop()

    asyncio.run(take())
