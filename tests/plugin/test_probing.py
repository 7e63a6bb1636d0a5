"""What the SDK does around the probe of one host: families, attempts, time limits, threads, measurements."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import dataclass
from unittest.mock import ANY

import pytest

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer
from pymon.errors import PluginUsageError
from pymon.model.measurement import Measurement
from pymon.plugin import Down, Host, Monitor, Outcome, Outcomes, Up, Wording, flag, option, seconds


@dataclass(frozen=True)
class Options:
    """None of its own."""

    deed: str = option("-d", default="", about="what to do")


async def run(monitor: Monitor[Options], *arguments: str) -> Answer:
    return await monitor.run(Invocation("/mon.d/x.monitor", arguments, {}))


async def by_family(host: Host, _options: Options) -> Outcome:
    (address, *_) = await host.addresses(7)
    host.measure("port", address[1][1])
    text = f"{host.address} as {host.family.name}"
    return Down(text) if host.address in _FAILING else Up(text)


_FAILING: set[str] = set()


@pytest.fixture(autouse=True)
def _none_fails() -> None:
    _FAILING.clear()


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> str:
    """A name with an address of each family."""

    def look_up(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        assert host == "both.test"
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return "both.test"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "::1 as AF_UNSPEC\n"),
        (("-4",), "127.0.0.1 as AF_INET\n"),
        (("--ipv6",), "::1 as AF_INET6\n"),
        (("-46",), "127.0.0.1 as AF_INET::1 as AF_INET6\n"),
    ],
)
async def test_the_family_is_the_users_choice(both: str, flags: tuple[str, ...], said: str) -> None:
    """M-family."""
    answer = await run(Monitor(Options, by_family), *flags, both)
    assert (answer.exitval, answer.output) == (0, "\n" + said)


async def test_with_both_families_both_must_be_well(both: str) -> None:
    _FAILING.add("::1")
    answer = await run(Monitor(Options, by_family), "-4", "-6", both)
    assert (answer.exitval, answer.output) == (1, "both.test\nboth.test: IPv6: ::1 as AF_INET6\n127.0.0.1 as AF_INET\n")
    assert {each.name for each in answer.measurements} == {"port_ipv4", "port_ipv6", "time_ipv4"}
    _FAILING.add("127.0.0.1")
    answer = await run(Monitor(Options, by_family), "-4", "-6", both)
    assert answer.output.startswith("both.test\nboth.test: IPv4: 127.0.0.1 as AF_INET; IPv6: ::1 as AF_INET6\n")


async def test_a_host_without_an_address_of_the_family() -> None:
    monitor = Monitor(Options, by_family, wording=Wording("gethostbyname: {reason}"))
    answer = await run(monitor, "-6", "127.0.0.1")
    assert answer[:2] == (1, "127.0.0.1\n127.0.0.1: gethostbyname: no IPv6 address\n")


async def test_what_is_measured_is_in_the_answer_also_of_hosts_that_fail() -> None:
    """M-measured."""

    async def probe(host: Host, _options: Options) -> Outcome:
        host.measure("size", 3, "B")
        with host.timed("greeting"):
            await asyncio.sleep(0)
        return Up() if host.name == "a" else Down("no")

    answer = await run(Monitor(Options, probe, look_up=False), "a", "b")
    kept = {(each.host, each.name): each for each in answer.measurements}
    assert set(kept) == {("a", "size"), ("a", "greeting"), ("a", "time"), ("b", "size"), ("b", "greeting")}
    assert kept["b", "size"] == Measurement("b", "size", 3.0, "B")
    assert 0 < kept["a", "greeting"].value < kept["a", "time"].value
    assert kept["a", "time"].unit == "s"


@pytest.mark.parametrize(("retries", "exitval", "attempts"), [("0", 1, 1), ("1", 1, 2), ("2", 0, 3), ("9", 0, 3)])
async def test_further_attempts(retries: str, exitval: int, attempts: int) -> None:
    """M-retries."""
    made = 0

    async def probe(_host: Host, _options: Options) -> Outcome:
        nonlocal made
        made += 1
        return Up() if made == 3 else Down("not yet")

    monitor = Monitor(Options, probe, look_up=False)
    answer = await run(monitor, "--retries", retries, "--retry-wait", "0.001", "a")
    assert (answer.exitval, made) == (exitval, attempts)


async def test_each_attempt_has_the_whole_time_limit() -> None:
    made = 0

    async def probe(_host: Host, _options: Options) -> Outcome:
        nonlocal made
        made += 1
        await asyncio.sleep(60 if made == 1 else 0)
        return Up()

    monitor = Monitor(Options, probe, look_up=False)
    assert (await run(monitor, "-t", "0.05", "--retries", "1", "--retry-wait", "0", "a")).exitval == 0
    assert made == 2


async def test_fields_of_the_same_name_take_the_place_of_the_kits() -> None:
    @dataclass(frozen=True)
    class Own:
        timeout: float = option("-w", default=0.05, convert=seconds, about="limit")
        brief: bool = flag("-4", about="brief")

    async def probe(_host: Host, options: Own) -> Outcome:
        if options.brief:
            return Up("brief")
        await asyncio.sleep(60)
        return Up()

    monitor = Monitor(Own, probe, look_up=False)
    answer = await monitor.run(Invocation("x", ("a",), {}))
    assert answer.output == "a\na: timeout after 0.05 seconds\n"
    assert (await monitor.run(Invocation("x", ("-4", "a"), {}))).output == "\nbrief\n"
    assert (await monitor.run(Invocation("x", ("--timeout", "3", "a"), {}))).exitval == 126
    assert "-w" in (await monitor.run(Invocation("x", ("--help",), {}))).output


async def test_a_plain_function_runs_in_threads_all_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=20)

    def probe(host: Host, _options: Options) -> Outcome:
        meeting.wait()
        assert threading.current_thread() is not threading.main_thread()
        host.measure("met", 3)
        return Up(f"{host.name} is {host.address}")

    answer = await run(Monitor(Options, probe), "127.0.0.1", "127.0.0.2", "::1")
    assert (answer.exitval, answer.output.count("\n")) == (0, 4)
    assert "::1 is ::1\n" in answer.output


async def test_a_plain_function_that_hangs_fails_in_time_and_holds_nothing_up() -> None:
    release = threading.Event()

    def probe(_host: Host, _options: Options) -> Outcome:
        release.wait()
        return Up()

    monitor = Monitor(Options, probe)
    answer = await run(monitor, "-t", "0.05", "127.0.0.1")
    assert answer.output == "127.0.0.1\n127.0.0.1: timeout after 0.05 seconds\n"
    release.set()


async def test_a_probe_that_forgets_to_answer_is_no_success() -> None:
    async def probe(_host: Host, _options: Options) -> Outcome:
        return None  # type: ignore[return-value]  # as a careless author would

    answer = await run(Monitor(Options, probe, look_up=False), "a")
    told = "the monitor's probe returned None, neither Up, Down nor Broken"
    assert (answer.exitval, answer.output) == (126, f"{told}\na: not checked: {told}\n")


@pytest.mark.parametrize("hosts", [("a",), ("a", "b", "c")])
async def test_options_that_turn_out_wrong_are_a_usage_error(hosts: tuple[str, ...]) -> None:
    async def probe(_host: Host, _options: Options) -> Outcome:
        raise PluginUsageError("no such file")

    answer = await run(Monitor(Options, probe, look_up=False), *hosts)
    assert answer[:3] == (126, "x.monitor: no such file\nx.monitor --help tells what it takes\n", ())


async def test_a_host_that_refuses_and_the_words_for_it() -> None:
    async def probe(host: Host, _options: Options) -> Outcome:
        (await host.connect(1)).close()
        return Up()

    monitor = Monitor(Options, probe, wording=Wording(cannot_connect="connect: {reason}"))
    assert (await run(monitor, "127.0.0.1")).output == "127.0.0.1\n127.0.0.1: connect: Connection refused\n"


async def test_the_highest_exit_value_of_the_hosts_is_the_runs() -> None:
    async def probe(host: Host, _options: Options) -> Outcome:
        return Up() if host.name == "0" else Down("so it is", exitval=int(host.name))

    monitor = Monitor(Options, probe, look_up=False)
    assert [(await run(monitor, *hosts)).exitval for hosts in ("0", "01", "310", "12")] == [0, 1, 3, 2]


async def test_arguments_that_are_more_than_hosts_are_divided() -> None:
    def divide(options: Options, given: tuple[str, ...]) -> tuple[Options, tuple[str, ...]]:
        if given[0] == "bad":
            raise PluginUsageError("the first word must be good")
        return Options(f"{options.deed} {given[0]}"), given[1:]

    async def probe(host: Host, options: Options) -> Outcome:
        return Down(f"{options.deed}, {host.environ['MON_GROUP']}")

    monitor = Monitor(Options, probe, look_up=False, divide=divide)
    call = Invocation("/mon.d/x.monitor", ("-d", "do", "good", "a", "b"), {"MON_GROUP": "web"})
    assert (await monitor.run(call)).output == "a b\na: do good, web\nb: do good, web\n"
    assert (await run(monitor, "good")).exitval == 0
    assert (await run(monitor, "bad", "a")).output.startswith("x.monitor: the first word must be good\n")
    assert (await run(monitor, "--help")).exitval == 0


async def test_a_summary_of_ones_own_and_words_that_name_the_host() -> None:
    async def probe(_host: Host, _options: Options) -> Outcome:
        await asyncio.sleep(60)
        return Up()

    def summary(outcomes: Outcomes, options: Options) -> str:
        return ", ".join(f"{name} {options.deed}" for name in outcomes)

    wording = Wording(timed_out="no word of {host}")
    monitor = Monitor(Options, probe, look_up=False, summary=summary, wording=wording)
    answer = await run(monitor, "-t", "0.01", "-d", "is late", "b", "a")
    assert (answer.exitval, answer.output) == (1, "b is late, a is late\nb: no word of b\na: no word of a\n")


async def test_a_monitor_of_this_machine_has_no_families_and_looks_nothing_up() -> None:
    async def probe(host: Host, _options: Options) -> Outcome:
        return Up(host.family.name)

    monitor = Monitor(Options, probe, local=True)
    assert (await run(monitor, "/no/host"))[:3] == (0, "\nAF_UNSPEC\n", ANY)
    assert (await run(monitor, "-4", "/no/host"))[:3] == (126, ANY, ())
    assert "-4" not in (await run(monitor, "--help")).output


@pytest.mark.parametrize("error", [asyncio.CancelledError(), SystemExit(3)])
@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("hosts", [("bad",), ("bad", "good", "other")])
async def test_a_probe_that_ends_more_than_itself_breaks_its_own_check(
    error: BaseException, hosts: tuple[str, ...], blocks: bool
) -> None:
    async def probe(host: Host, _options: Options) -> Outcome:
        return plain(host, _options)

    def plain(host: Host, _options: Options) -> Outcome:
        if host.name == "bad":
            raise error
        return Up()

    answer = await run(Monitor(Options, plain if blocks else probe, look_up=False), *hosts)
    assert answer.exitval == 126
    assert answer.output.startswith(f"the monitor raised {type(error).__name__}: ")
    assert "\nbad: not checked: the monitor raised" in answer.output
    assert {each.host for each in answer.measurements} == set(hosts) - {"bad"}


async def test_a_run_that_is_cancelled_is_cancelled() -> None:
    started = asyncio.Event()

    async def probe(_host: Host, _options: Options) -> Outcome:
        started.set()
        await asyncio.Event().wait()
        return Up()

    task = asyncio.create_task(run(Monitor(Options, probe, look_up=False), "a", "b"))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(("given", "exitval"), [(0, 1), (-1, 1), (255, 255), (256, 255), (1000, 255)])
async def test_a_failed_host_is_never_told_as_success(given: int, exitval: int) -> None:
    async def probe(_host: Host, _options: Options) -> Outcome:
        return Down("so it is", exitval=given)

    assert (await run(Monitor(Options, probe, look_up=False), "a")).exitval == exitval
    assert (await run(Monitor(Options, probe, look_up=False), "-46", "a")).exitval == exitval


async def test_wrong_options_over_one_family_end_the_attempt_over_the_other(both: str) -> None:
    ended: list[str] = []

    async def probe(host: Host, _options: Options) -> Outcome:
        if host.family == socket.AF_INET6:
            raise PluginUsageError("no password")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(host.address)
        return Up()

    answer = await run(Monitor(Options, probe), "-46", "-t", "20", both)
    assert (answer.exitval, ended) == (126, ["127.0.0.1"])
