"""What the SDK does around a probe."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

import pytest

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Plugin
from pymon.errors import PluginError
from pymon.plugin import Call, Down, Host, Monitor, Outcome, Outcomes, Report, SetMonitor, Up, flag, option, seconds


@dataclass(frozen=True)
class Options:
    """Options of a test's monitor."""

    timeout: float = option("-t", default=5.0, convert=seconds, about="limit")
    quiet: bool = flag("-q", about="say nothing")


async def run(monitor: Plugin, *arguments: str) -> tuple[int, str]:
    """One run: exit code and output."""
    answer = await monitor.run(Invocation("/mon.d/my.monitor", arguments, {"MON_GROUP": "web"}))
    return answer.exitval, answer.output


async def by_name(target: Host, _options: Options) -> Outcome:
    """The host's name says what becomes of it."""
    host = target.name
    if host.startswith("bad"):
        return Down("is bad", "two\nlines\n")
    if host.startswith("refused"):
        raise ConnectionRefusedError(111, "Connection refused")
    if host.startswith("bug"):
        raise KeyError(host)
    if host.startswith("slow"):
        await asyncio.sleep(60)
    if host.startswith("late"):
        raise TimeoutError
    return Up("is well" if host == "chatty" else "")


MONITOR = Monitor(Options, by_name, about="Check nothing.", look_up=False)


def test_a_monitor_is_a_plugin() -> None:
    assert isinstance(MONITOR, Plugin)
    assert (MONITOR.ordered, MONITOR.retry_on) == (False, frozenset())


async def test_all_well_and_nothing_to_say() -> None:
    assert await run(MONITOR, "a", "b") == (0, "")


async def test_no_hosts() -> None:
    assert await run(MONITOR) == (0, "")


async def test_summary_is_the_failed_hosts_sorted() -> None:
    assert await run(MONITOR, "refused", "chatty", "bad2", "ok", "bad10") == (
        1,
        "bad10 bad2 refused\n"
        "refused: Connection refused\nis well\nbad2: is bad\ntwo\nlines\nbad10: is bad\ntwo\nlines\n",
    )


async def test_a_host_given_twice_is_probed_once() -> None:
    assert (await run(MONITOR, "bad", "bad"))[1].startswith("bad\n")


async def test_time_limit_of_each_host() -> None:
    exitval, output = await run(MONITOR, "-t", "0.05", "slow", "ok", "late")
    assert (exitval, output) == (1, "late slow\nslow: timeout after 0.05 seconds\nlate: timeout\n")


async def test_a_probe_that_raises_fails_its_own_host() -> None:
    exitval, output = await run(MONITOR, "ok", "bug", "bad")
    assert exitval == 1
    summary, bad, *detail = output.splitlines()
    assert (summary, bad.partition(":")[0]) == ("bad", "bad")
    told = f"bug: not checked: the monitor raised KeyError: 'bug' ({__file__} line "
    assert any(line.startswith(told) for line in detail)
    assert "Traceback (most recent call last):" in detail


async def test_hosts_are_probed_at_the_same_time_but_not_too_many() -> None:
    running, most = 0, 0

    async def probe(_host: Host, _options: Options) -> Outcome:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return Up()

    hosts = [f"h{number}" for number in range(50)]
    await run(Monitor(Options, probe, look_up=False), *hosts)
    assert most == 50
    most = 0
    await run(Monitor(Options, probe, look_up=False, at_once=7), *hosts)
    assert most == 7
    most = 0
    await run(Monitor(Options, probe, look_up=False), "--at-once", "3", *hosts)
    assert most == 3


async def test_detail_of_ones_own() -> None:
    def detail(outcomes: Outcomes, options: Options) -> str:
        return "" if options.quiet else f"{list(outcomes)}\n"

    monitor = Monitor(Options, by_name, about="", detail=detail, look_up=False)
    assert await run(monitor, "b", "a") == (0, "\n['b', 'a']\n")
    assert await run(monitor, "-q", "b") == (0, "")


async def test_help() -> None:
    exitval, output = await run(MONITOR, "--help", "ignored")
    assert exitval == 0
    assert output.startswith("usage: my.monitor [options] host ...\n\nCheck nothing.\n")
    assert re.search(r"^  -t VALUE +limit \(default: 5.0\)$", output, re.MULTILINE)
    assert "--timeout" not in output, "the monitor has its own"
    assert re.search(r"^  -4, --ipv4 +over IPv4 only", output, re.MULTILINE)
    assert re.search(r"^  --retries N +", output, re.MULTILINE)


async def test_help_gives_way_to_an_option_of_its_letter() -> None:
    @dataclass(frozen=True)
    class WithH:
        host: str = option("-h", default="", about="a host")

    async def check(call: Call[WithH]) -> Report:
        return Report(0, call.options.host)

    monitor = SetMonitor(WithH, check, about="")
    assert await run(monitor, "-h", "web", "a") == (0, "web\n")
    assert (await run(monitor, "--help"))[1].startswith("usage: my.monitor ")


async def test_a_set_monitor_gets_everything() -> None:
    async def check(call: Call[Options]) -> Report:
        return Report(9, f"{call.hosts} {call.options} {call.environ}", "detail\n")

    exitval, output = await run(SetMonitor(Options, check, about=""), "b", "-q", "b")
    assert exitval == 9
    assert output == f"('b', 'b') {Options(quiet=True)} {{'MON_GROUP': 'web'}}\ndetail\n"


def test_an_option_declared_twice_is_the_authors_error() -> None:
    @dataclass(frozen=True)
    class Twice:
        one: str = option("-x", default="", about="")
        two: str = option("-x", default="", about="")

    async def probe(_host: Host, _options: Twice) -> Outcome:
        return Up()

    with pytest.raises(PluginError, match="-x is declared twice"):
        Monitor(Twice, probe, about="")


async def test_options_are_read_once_for_equal_arguments() -> None:
    reads = 0

    def convert(text: str) -> int:
        nonlocal reads
        reads += 1
        return int(text)

    @dataclass(frozen=True)
    class Counted:
        number: int = option("-n", default=0, convert=convert, about="")

    async def probe(_host: Host, options: Counted) -> Outcome:
        return Down(str(options.number))

    monitor = Monitor(Counted, probe, look_up=False)
    for _ in range(3):
        assert await run(monitor, "-n", "5", "a") == (1, "a\na: 5\n")
    assert reads == 1


async def test_a_monitor_that_needs_arguments() -> None:
    async def check(call: Call[Options]) -> Report:
        return Report(0, " ".join(call.hosts))

    monitor = SetMonitor(Options, check, about="", subject="server", none_is_wrong=True)
    told = "my.monitor: at least one server must be specified\nmy.monitor --help tells what it takes\n"
    assert await run(monitor, "-q") == (126, told)
    assert (await run(monitor, "--nix", "a"))[0] == 126
    assert await run(monitor, "a") == (0, "a\n")
