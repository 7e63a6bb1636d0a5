"""An old decision never undoes a newer one, however either writes what it is about: with the daemon's launcher."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET6
from typing import Any

import pytest

from pymon.alert.launch import Launcher
from pymon.alert.limits import AlertLimits
from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Subject, WithSubject
from pymon.ipvs.memory import MemoryTable
from pymon.ipvs.model import Forwarding, Listening, Marked, Protocol, RealServer, Virtual, VirtualService
from pymon.ipvs.table import memory_table
from pymon.model.delivery import Pending
from pymon.model.depend import ServiceKey
from pymon.model.effect import AlertCall, SendReason, SendRule
from pymon.model.service import Command
from pymon.model.state import ServiceState
from pymon.model.status import EventKind
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import PluginFile, load
from tests.alert.conftest import Scripted
from tests.alert.ledger import Book
from tests.alerts.conftest import ALERTS
from tests.waiting import until

TESTED = SendReason(SendRule.TEST)

V4 = Listening(Protocol.TCP, ip_address("10.0.0.100"), 443)
V6 = Listening(Protocol.TCP, ip_address("2001:db8::100"), 443)
ONE, SIX = ip_address("127.0.0.1"), ip_address("2001:db8::1")

SAME: list[tuple[Virtual, RealServer, list[str]]] = [
    (
        V4,
        RealServer(ONE, 443, Forwarding.NAT),
        [
            "-V 10.0.0.100:443 -R 127.0.0.1 -F nat",
            "-V 10.0.0.100:443 -R 127.0.0.1:443 -F nat",
            "-V 10.0.0.100:https -R 127.0.0.1 -F masq",
            "-V10.0.0.100:0443 -R127.0.0.1:https -Fm -Ptcp",
            "-V [10.0.0.100]:443 -R [::ffff:127.0.0.1]:443 -F nat -P TCP",
            "-V ::ffff:a00:64 -V 10.0.0.100:443 -R ::ffff:127.0.0.1 -F nat",
            "-V 10.0.0.100:443 -R localhost:443 -F nat",
            "-V 10.0.0.100:443 -R LOCALHOST.:https -F nat",
        ],
    ),
    (
        V4,
        RealServer(ONE, 443),
        [
            "-V 10.0.0.100:443 -R 127.0.0.1:8443",
            "-V 10.0.0.100:443 -R 127.0.0.1 -F g",
            "-V 10.0.0.100:443 -R localhost:8443 -F dr",
        ],
    ),
    (
        V6,
        RealServer(SIX, 443),
        [
            "-V [2001:db8::100]:443 -R [2001:db8::1]:443",
            "-V [2001:0DB8:0::0100]:443 -R 2001:db8:0:0:0:0:0:1",
            "-V [2001:db8::0.0.1.0]:https -R [2001:DB8::0001]",
        ],
    ),
    (
        Listening(Protocol.UDP, ip_address("10.0.0.100"), 0),
        RealServer(ONE, 0),
        [
            "-P udp -V 10.0.0.100 -R 127.0.0.1",
            "-P UDP -V 10.0.0.100:0 -R 127.0.0.1:0",
            "-P udp -V 10.0.0.100 -R localhost",
        ],
    ),
    (
        Marked(1),
        RealServer(ONE, 80),
        [
            "-V fwm:1 -R 127.0.0.1:80",
            "-V FWM:0x1 -R 127.0.0.1:http -P udp -P tcp",
            "-V fwm4:0b1 -R localhost:80",
            "-P sctp -V fwm4:1 -R 127.0.0.1:80",
        ],
    ),
    (Marked(7, AF_INET6), RealServer(SIX, 80), ["-V fwm:7 -R [2001:db8::1]:80", "-V fwm6:0x07 -R [2001:db8:0::1]:80"]),
]
CASES = [
    pytest.param(virtual, server, old, new, id=f"{old} | {new}")
    for virtual, server, spellings in SAME
    for old in spellings
    for new in spellings
    if old != new
]


@pytest.fixture
def table() -> Iterator[MemoryTable]:
    made = memory_table()
    made.flush()
    yield made
    made.flush()


@pytest.fixture
async def runner() -> AsyncIterator[PluginRunner]:
    made = PluginRunner()
    made.start()
    yield made
    made.stop()


@pytest.fixture
async def launcher(runner: PluginRunner) -> AsyncIterator[Launcher]:
    made = Launcher(runner, limits=AlertLimits(retry_delays=(3600.0,)))
    yield made
    await made.drain(10.0)


@pytest.fixture
def lvs() -> PluginFile:
    return load("lvs.alert", str(ALERTS / "lvs.alert"))


def launch(launcher: Launcher, file: PluginFile, kind: EventKind, words: str) -> None:
    option = ("-u",) if kind is EventKind.UP else ()
    arguments = ("-s", "http", "-g", "web", "-h", "www1", "-t", "1700000000", *option, *words.split())
    call = Invocation(file.path, arguments, {"PYMON_IPVS": "memory", "MON_ALERTTYPE": kind.value}, "www1\n")
    command = Command(file.name, words, tuple(words.split()))
    about = AlertCall(ServiceKey("web", "http"), kind, command, ServiceState(), "www1\n", time.time(), reason=TESTED)
    launcher.launch(about, call, file)


@pytest.mark.slow
@pytest.mark.parametrize(("virtual", "server", "old", "new"), CASES)
async def test_an_old_down_that_is_tried_again_never_undoes_a_newer_up(
    launcher: Launcher,
    lvs: PluginFile,
    table: MemoryTable,
    caplog: pytest.LogCaptureFixture,
    virtual: Virtual,
    server: RealServer,
    old: str,
    new: str,
) -> None:
    """A-order-identity."""
    caplog.set_level(logging.INFO, "pymon.alert")
    launch(launcher, lvs, EventKind.FAILURE, old)
    await until(lambda: "is tried again" in caplog.text)
    assert "there is no virtual service" in caplog.text
    table.add_service(VirtualService(virtual))
    launch(launcher, lvs, EventKind.UP, new)
    await until(lambda: launcher.running == 0)
    assert table.find_service(virtual).servers == (server,)
    assert "is not tried again: lvs.alert for web/http (up) was decided later" in caplog.text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("-V 10.0.0.100:443 -R 127.0.0.1", "-V 10.0.0.100:443 -R 127.0.0.2"),
        ("-V 10.0.0.100:443 -R 127.0.0.1", "-V 10.0.0.101:443 -R 127.0.0.1"),
        ("-V 10.0.0.100:443 -R 127.0.0.1", "-V 10.0.0.100:80 -R 127.0.0.1"),
        ("-V 10.0.0.100:53 -R 127.0.0.1", "-P udp -V 10.0.0.100:53 -R 127.0.0.1"),
        ("-V 10.0.0.100:80 -R 127.0.0.1:8001 -F nat", "-V 10.0.0.100:80 -R 127.0.0.1:8002 -F nat"),
        ("-V fwm:1 -R 127.0.0.1:80", "-V fwm:2 -R 127.0.0.1:80"),
        ("-V fwm4:1 -R 127.0.0.1:80 -F tun", "-V fwm6:1 -R 127.0.0.1:80 -F tun"),
        ("-V fwm:80 -R 127.0.0.1", "-V 10.0.0.100:80 -R 127.0.0.1"),
    ],
)
async def test_what_differs_in_meaning_differs(lvs: PluginFile, one: str, other: str) -> None:
    assert not (await subject(lvs, one)).things & (await subject(lvs, other)).things
    assert lvs.plugin is not None
    assert lvs.plugin.order_key(invocation(one)) != lvs.plugin.order_key(invocation(other))


def invocation(words: str, kind: str = "failure") -> Invocation:
    arguments = ("-s", "http", "-g", "web", "-h", "www1", "-t", "1700000000", *words.split())
    return Invocation("x.alert", arguments, {"PYMON_IPVS": "memory", "MON_ALERTTYPE": kind}, "www1\n")


async def subject(file: PluginFile, words: str) -> Subject:
    assert isinstance(file.plugin, WithSubject)
    return await file.plugin.look_up(invocation(words))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-V 10.0.0.100:80 -R 127.0.0.01", "write all four numbers"),
        ("-V 010.0.0.100:80 -R 127.0.0.1", "write all four numbers"),
        ("-V 10.0.0.100:80 -R 127.1", "write all four numbers"),
        ("-V 10.0.0.100:80 -R 0x7f000001:80", "write all four numbers"),
        ("-V 10.0.0.100:80 -R 2130706433", "write all four numbers"),
        ("-V 10.0.0.100:80 -R 127.0.0.1.2", "write all four numbers"),
        ("-V 10.0.0.100:80 -R [::g]:80", "'::g' is no IPv6 address"),
        ("-V 10.0.0.100:80 -R 1:2:3", "'1:2:3' is no IPv6 address"),
        ("-V 10.0.0.100:80 -R [::1%lo]:80", "leave out %lo"),
        ("-V fwm:01 -R 127.0.0.1", "not a firewall mark"),
        ("-V fwm:1.0 -R 127.0.0.1", "not a firewall mark"),
        ("-V 10.0.0.100:80 -R 127.0.0.1 --", "'--' belongs to no option"),
        ("-V 10.0.0.100:" + "9" * 5000 + " -R 127.0.0.1", "65535 is the highest"),
    ],
)
async def test_what_only_looks_like_an_address_is_refused(lvs: PluginFile, words: str, said: str) -> None:
    """A-lvs-address: the system's resolver would take some of these, and for another address."""
    assert lvs.plugin is not None
    answer = await lvs.plugin.run(invocation(words))
    assert (answer.exitval, said in answer.output) == (64, True), answer.output


@pytest.mark.parametrize("kind", [EventKind.ACK, EventKind.DISABLE, EventKind.STARTUP, EventKind.TEST])
async def test_what_is_refused_takes_the_place_of_no_decision(
    launcher: Launcher, lvs: PluginFile, table: MemoryTable, caplog: pytest.LogCaptureFixture, kind: EventKind
) -> None:
    """A-lvs-direction: a line that does nothing leaves what is being tried to be done."""
    caplog.set_level(logging.INFO, "pymon.alert")
    launch(launcher, lvs, EventKind.FAILURE, "-V 10.0.0.100:443 -R 127.0.0.1")
    await until(lambda: "is tried again" in caplog.text)
    launch(launcher, lvs, kind, "-V 10.0.0.100:443 -R 127.0.0.1:443")
    await until(lambda: "has no direction of its own" in caplog.text and launcher.running == 1)
    table.add_service(VirtualService(V4))
    table.add_server(V4, RealServer(ONE, 443))
    await launcher.drain(10)
    assert table.find_service(V4).servers == (), "the last attempt at the stop"


# Names


class Names:
    """What getaddrinfo answers. A lookup of a name in ``held`` waits until it is let go; one without address fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.addresses: dict[str, list[str]] = {}
        self.held = threading.Event()
        self.held.set()
        self.asked: list[str] = []
        self.threads: set[int] = set()
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self.answer)

    def answer(self, host: str, *args: Any, **kwargs: Any) -> Any:
        name = host.lower().removesuffix(".") if isinstance(host, str) else ""
        if not name.endswith(".test"):
            return self._real(host, *args, **kwargs)
        self.asked.append(name)
        self.threads.add(threading.get_ident())
        self.held.wait(20)
        if name not in self.addresses:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [entry for each in self.addresses[name] for entry in self._real(each, *args, **kwargs)]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


async def test_a_name_that_is_found_at_last_undoes_nothing_that_was_decided_meanwhile(
    launcher: Launcher, lvs: PluginFile, table: MemoryTable, names: Names, caplog: pytest.LogCaptureFixture
) -> None:
    """A-order-identity: it is compared by its text until then, with a warning."""
    caplog.set_level(logging.INFO, "pymon.alert")
    table.add_service(VirtualService(V4))
    launch(launcher, lvs, EventKind.FAILURE, "-V 10.0.0.100:443 -R www1.test")
    await until(lambda: "is tried again" in caplog.text)
    (warning,) = [record for record in caplog.records if "compared by its text" in record.message]
    assert warning.levelno == logging.WARNING
    assert "the host name 'www1.test' cannot be looked up" in warning.message
    names.addresses["www1.test"] = ["127.0.0.1"]
    launch(launcher, lvs, EventKind.UP, "-V 10.0.0.100:443 -R 127.0.0.1")
    await until(lambda: launcher.running == 1 and len(table.find_service(V4).servers) == 1)
    await launcher.drain(10)
    assert len(table.find_service(V4).servers) == 1, "the last attempt at the stop finds the name, and is too late"
    assert names.asked == ["www1.test", "www1.test"]


async def test_the_same_name_that_is_never_found_is_the_same(
    launcher: Launcher, lvs: PluginFile, table: MemoryTable, names: Names, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pymon.alert")
    table.add_service(VirtualService(V4))
    launch(launcher, lvs, EventKind.FAILURE, "-V 10.0.0.100:443 -R www1.test")
    await until(lambda: "is tried again" in caplog.text)
    launch(launcher, lvs, EventKind.UP, "-V 10.0.0.100:https -R WWW1.test.:443")
    await until(lambda: "is not tried again: lvs.alert for web/http (up) was decided later" in caplog.text)
    await until(lambda: launcher.running == 1)
    assert table.find_service(V4).servers == ()


async def test_a_name_that_moved_meanwhile_is_pinned_to_what_it_was_when_the_call_was_decided(
    launcher: Launcher, lvs: PluginFile, table: MemoryTable, names: Names, caplog: pytest.LogCaptureFixture
) -> None:
    """A-order-identity: a retry acts upon the address that it is ordered by."""
    caplog.set_level(logging.INFO, "pymon.alert")
    names.addresses["www1.test"] = ["127.0.0.1"]
    launch(launcher, lvs, EventKind.FAILURE, "-V 10.0.0.100:443 -R www1.test")
    await until(lambda: "is tried again" in caplog.text)
    table.add_service(VirtualService(V4))
    names.addresses["www1.test"] = ["127.0.0.2"]
    launch(launcher, lvs, EventKind.UP, "-V 10.0.0.100:443 -R 127.0.0.2")
    launch(launcher, lvs, EventKind.UP, "-V 10.0.0.100:443 -R 127.0.0.3")
    await until(lambda: len(table.find_service(V4).servers) == 2)
    await launcher.drain(10)
    assert [str(server) for server in table.find_service(V4).servers] == ["127.0.0.2:443", "127.0.0.3:443"]


async def test_a_slow_lookup_holds_up_neither_the_loop_nor_other_calls_and_comes_too_late(
    launcher: Launcher, lvs: PluginFile, table: MemoryTable, names: Names, caplog: pytest.LogCaptureFixture
) -> None:
    """A-order-identity: names are looked up in threads, and the order is that of the decisions."""
    caplog.set_level(logging.INFO, "pymon.alert")
    names.addresses["www1.test"] = ["127.0.0.1"]
    table.add_service(VirtualService(V4))
    names.held.clear()
    launch(launcher, lvs, EventKind.FAILURE, "-V 10.0.0.100:443 -R www1.test")
    await until(lambda: names.asked == ["www1.test"])
    assert threading.get_ident() not in names.threads
    launch(launcher, lvs, EventKind.UP, "-V 10.0.0.100:443 -R 127.0.0.1:443")
    await until(lambda: len(table.find_service(V4).servers) == 1)
    names.held.set()
    await until(lambda: launcher.running == 0)
    assert len(table.find_service(V4).servers) == 1
    assert "is dropped before its start: lvs.alert for web/http (up) was decided later" in caplog.text


async def test_what_an_earlier_daemon_left_under_another_spelling_is_older(
    runner: PluginRunner, lvs: PluginFile, table: MemoryTable, names: Names
) -> None:
    """A-order-identity: over a restart, too."""
    for real in ("127.0.0.1", "www1.test:443", "127.0.0.1:https"):
        table.flush()
        book = Book()
        first = Launcher(runner, ledger=book, limits=AlertLimits(retry_delays=(3600.0,)))
        launch(first, lvs, EventKind.FAILURE, f"-V 10.0.0.100:443 -R {real}")
        await first.drain(10)
        assert len(book.open) == 1
        table.add_service(VirtualService(V4))
        names.addresses["www1.test"] = ["127.0.0.1"]
        second = Launcher(runner, ledger=book, limits=AlertLimits(retry_delays=(3600.0,)))
        second.resume({"lvs.alert": lvs}, undone=dict(book.open))
        launch(second, lvs, EventKind.UP, "-V 10.0.0.100:443 -R ::ffff:127.0.0.1")
        await until(lambda second=second: second.running == 0)  # type: ignore[misc]
        await second.drain(10)
        assert len(table.find_service(V4).servers) == 1
        assert not book.open
        names.addresses.clear()


async def test_two_that_an_earlier_daemon_left_are_done_in_their_order(
    runner: PluginRunner, lvs: PluginFile, table: MemoryTable
) -> None:
    """A-order-identity: an earlier pymon wrote its keys another way."""
    book = Book()
    table.add_service(VirtualService(V4))
    for number, (kind, old_key, words) in enumerate(
        (
            ("up", "lvs.alert tcp 10.0.0.100:443 127.0.0.1", "-u -V 10.0.0.100:443 -R 127.0.0.1"),
            ("failure", "lvs.alert tcp 10.0.0.100:443 localhost:443", "-V 10.0.0.100:443 -R localhost:443"),
        )
    ):
        call = invocation(words, kind)
        book.open[kind] = Pending(
            old_key, "lvs.alert", "web", "http", kind, 1e9 + number, call.arguments, dict(call.environ), "w\n"
        )
    launcher = Launcher(runner, ledger=book)
    launcher.resume({"lvs.alert": lvs}, undone=dict(book.open))
    await until(lambda: launcher.running == 0)
    await launcher.drain(10)
    assert table.find_service(V4).servers == ()
    assert not book.open


# Other alerts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("localhost", "LOCALHOST."),
        ("127.0.0.1", "localhost"),
        ("both.test", "[::1]"),
        ("both.test", "10.0.0.9:2583"),
        ("127.0.0.1", "127.0.0.1:2583"),
        ("127.0.0.1:02583", "::ffff:127.0.0.1"),
        ("[::1]:2584", "[0:0::0001]:2584"),
        ("127.0.0.1:80", "127.1:http"),
        ("-o fail 127.0.0.1", "-o ok 127.0.0.1"),
        ("-U eve 127.0.0.1", "127.0.0.1"),
        ("10.0.0.1 10.0.0.2", "10.0.0.2:2583 10.0.0.1 10.0.0.1"),
        ("10.0.0.1 10.0.0.2", "10.0.0.2"),
        ("bücher.test", "XN--BCHER-KVA.test"),
    ],
)
async def test_spellings_of_a_trap_s_receiver(names: Names, one: str, other: str) -> None:
    """A-order-identity."""
    names.addresses |= {"xn--bcher-kva.test": ["10.0.0.9"], "both.test": ["::1", "10.0.0.9"]}
    file = load("trap.alert", str(ALERTS / "trap.alert"))
    first, second = await subject(file, one), await subject(file, other)
    assert first.things & second.things
    assert not first.warning
    for different in ("10.7.7.7", "127.0.0.1:99", "-g other 127.0.0.1"):
        assert not first.things & (await subject(file, different)).things


async def test_a_receiver_without_address_is_compared_by_its_text(names: Names) -> None:
    file = load("trap.alert", str(ALERTS / "trap.alert"))
    one, other = await subject(file, "nowhere.test"), await subject(file, "NOWHERE.test.:2583")
    assert one.things == other.things
    assert re.search("nowhere.test cannot be looked up", one.warning)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://localhost:9093", "HTTP://LOCALHOST.:9093/"),
        ("http://localhost:80", "http://localhost/"),
        ("https://localhost:443/", "https://localhost"),
        ("http://127.0.0.1:9093", "http://localhost:9093"),
        ("http://[::1]:9093", "http://[0::0001]:9093"),
        ("http://localhost:9093/%7eam/%2f", "http://localhost:9093/~am/%2F/"),
        ("http://bücher.test", "http://xn--bcher-kva.test:80"),
        ("--label a=b --label c=d http://localhost", "--label c=d --label a=b http://localhost"),
        ("--label alertname=http http://localhost", "http://localhost"),
        ("--label site={group} http://localhost", "--label site=web http://localhost"),
        ("--label empty= http://localhost", "http://localhost"),
        ("-s ftp --label service=http --label alertname=http http://localhost", "http://localhost"),
        ("--url-file {file} --url-file {file}", "http://localhost:9093"),
    ],
)
async def test_spellings_of_an_alertmanager(names: Names, tmp_path: Path, one: str, other: str) -> None:
    """A-order-identity."""
    names.addresses["xn--bcher-kva.test"] = ["10.0.0.9"]
    (tmp_path / "urls").write_text("http://Localhost:9093/\n")
    file = load("alertmanager.alert", str(ALERTS / "alertmanager.alert"))
    one = one.replace("{file}", str(tmp_path / "urls"))
    first, second = await subject(file, one), await subject(file, other)
    assert first.things & (second.things | second.also) or second.things & first.also
    for different in ("http://10.7.7.7", "http://localhost:99", "http://localhost/other", "-g other http://localhost"):
        far = await subject(file, different)
        assert not first.things & (far.things | far.also)


async def test_names_that_hang_are_looked_up_side_by_side(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """A-order-identity: a receiver does not wait for the names of all others, one after the other."""
    monkeypatch.setattr("pymon.plugin.hostname.LOOKUP_LIMIT", 0.2)
    names.held.clear()
    traps = load("trap.alert", str(ALERTS / "trap.alert"))
    sites = load("alertmanager.alert", str(ALERTS / "alertmanager.alert"))
    for file, words, letters in ((traps, "{}.test", "abc"), (sites, "http://{}.test", "def")):
        names.asked.clear()
        asked = asyncio.create_task(subject(file, " ".join(map(words.format, letters))))
        await until(lambda: len(names.asked) == 3)
        assert (await asked).warning.count("no answer in 0.2 seconds") == 3
    names.held.set()


async def test_a_plugin_that_cannot_tell_is_ordered_by_its_text(
    runner: PluginRunner, caplog: pytest.LogCaptureFixture
) -> None:
    launcher = Launcher(runner, limits=AlertLimits(look_up=0.05))
    for look_up, said in ((_hang, "its look_up takes over 0.05 seconds"), (_raise, "its look_up raised")):
        plugin = Scripted()
        plugin.look_up = look_up  # type: ignore[attr-defined]
        launch(launcher, PluginFile("x.alert", "/d/x.alert", plugin), EventKind.UP, "x")
        await plugin.until(lambda plugin=plugin: len(plugin.ended) == 1)  # type: ignore[misc]
        assert said in caplog.text
    await launcher.drain(5.0)


async def _hang(_invocation: Invocation) -> Subject:
    await asyncio.sleep(3600)
    raise AssertionError


async def _raise(_invocation: Invocation) -> Subject:
    raise RuntimeError("bug")


async def test_two_names_of_one_address_can_be_two_alertmanagers(names: Names) -> None:
    names.addresses |= {"am1.test": ["10.0.0.9"], "am2.test": ["10.0.0.9"]}
    file = load("alertmanager.alert", str(ALERTS / "alertmanager.alert"))
    one, two = await subject(file, "http://am1.test"), await subject(file, "http://am2.test")
    assert not one.things & (two.things | two.also)
    assert not two.things & (one.things | one.also)


async def test_urls_in_a_file_that_cannot_be_read_are_compared_by_the_file(tmp_path: Path) -> None:
    file = load("alertmanager.alert", str(ALERTS / "alertmanager.alert"))
    found = await subject(file, f"--url-file {tmp_path}/none")
    assert "none" in found.warning
    other = await subject(file, f"-g other --url-file {tmp_path}/none")
    assert not found.things & other.things


async def test_a_link_local_address_is_another_on_each_link() -> None:
    file = load("trap.alert", str(ALERTS / "trap.alert"))
    bare = await subject(file, "[fe80::1]")
    zoned = await subject(file, "[fe80::1%lo]")
    by_number = await subject(file, f"[FE80:0::1%{socket.if_nametoindex('lo')}]:2583")
    assert zoned.things == by_number.things
    assert not bare.things & zoned.things
