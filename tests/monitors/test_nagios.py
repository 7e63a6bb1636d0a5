"""nagios.monitor: Nagios plugins, Debian's own ones and scripts that behave badly."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.errors import PluginUsageError
from pymon.runner.registry import load
from tests.monitors.servers import MONITORS, Check
from tests.ports import free_port
from tests.programs import write_program
from tests.servers.sshd import sshd
from tests.servers.website import Page, website
from tests.tools import missing

pytestmark = pytest.mark.net

DEBIANS = Path("/usr/lib/nagios/plugins")


def needs_plugin(name: str) -> str:
    """A plugin of Debian's."""
    if not (DEBIANS / name).exists():
        missing(f"{DEBIANS / name} is not there: apt-get install monitoring-plugins-basic")
    return name


def function(name: str) -> Any:
    """A function of the monitor's file."""
    plugin = load("nagios.monitor", str(MONITORS / "nagios.monitor")).plugin
    probe = plugin._probe  # type: ignore[union-attr]
    return probe.__globals__[name]


def script(folder: Path, text: str, name: str = "check_it") -> str:
    """A plugin made of shell."""
    return str(write_program(folder / name, f"#!/bin/sh\n{text}\n"))


async def test_tcp(check: Check) -> None:
    needs_plugin("check_tcp")
    async with website({"/": Page()}) as site:
        command = ("--", "check_tcp", "-H", "%h", "-p", str(site.port))
        well = await check("nagios.monitor", *command, "--", site.host)
        assert well.exitval == 0
        assert well.output.startswith(f"\n{site.host}: TCP OK - ")
        assert "|" not in well.output
        (measured,) = well.measurements
        assert (measured.host, measured.name, measured.unit) == (site.host, "time", "s")
        assert 0 < measured.value < 5
        both = await check("nagios.monitor", *command, "localhost-is-not-here.invalid", site.host)
        assert both.exitval == 2
        assert both.output.startswith("localhost-is-not-here.invalid\nlocalhost-is-not-here.invalid: ")


async def test_http(check: Check) -> None:
    needs_plugin("check_http")
    async with website({"/": Page(b"hello"), "/gone": Page(status=404)}) as site:
        command = ("--", "check_http", "-I", "%a", "-H", "%h", "-p", str(site.port), "-u")
        well = await check("nagios.monitor", *command, "/", "--", site.host)
        assert well.exitval == 0
        assert {each.name: each.unit for each in well.measurements} == {"time": "s", "size": "B"}
        gone = await check("nagios.monitor", *command, "/gone", site.host)
        assert gone.exitval == 1
        assert gone.output.startswith(f"{site.host}\n{site.host}: HTTP WARNING: HTTP/1.1 404 Not Found - ")
        fine = await check("nagios.monitor", "--warning-ok", *command, "/gone", site.host)
        assert fine.exitval == 0


async def test_ssh(check: Check) -> None:
    needs_plugin("check_ssh")
    with sshd(types=("ed25519",)) as server:
        result = await check(
            "nagios.monitor", "-46", "--", "check_ssh", "-p", str(server.port), "%a", "--", server.host
        )
        assert result.exitval == 2
        assert result.output.startswith(f"{server.host}\n{server.host}: IPv6: no IPv6 address\n")
        for family, host in (("-4", server.host), ("-6", server.host6)):
            well = await check("nagios.monitor", family, "--", "check_ssh", "-p", str(server.port), "%a", "--", host)
            assert (well.exitval, well.output.partition(" - ")[0]) == (0, f"\n{host}: SSH OK")


@pytest.mark.parametrize(
    ("state", "exitval", "reason"),
    [(0, 0, ""), (1, 1, "WARNING: so"), (2, 2, "CRITICAL: so")],
)
async def test_states(check_inside: Check, state: int, exitval: int, reason: str) -> None:
    needs_plugin("check_dummy")
    result = await check_inside("nagios.monitor", "--", "check_dummy", str(state), "so %h", "--", "web1")
    assert result.exitval == exitval
    assert result.output == (f"web1\nweb1: {reason} web1\n" if reason else "\nweb1: OK: so web1\n")


async def test_unknown(check_inside: Check) -> None:
    """M-nagios-unknown: the plugin could not check, which is no failure; ``--unknown fail`` makes it one."""
    needs_plugin("check_dummy")
    words = ("check_dummy", "3", "so %h", "--", "web1")
    result = await check_inside("nagios.monitor", "--", *words)
    assert (result.outcome, result.output) == ("broken", "UNKNOWN: so web1\nweb1: not checked: UNKNOWN: so web1\n")
    result = await check_inside("nagios.monitor", "--unknown", "fail", *words)
    assert (result.outcome, result.exitval, result.output) == ("failed", 2, "web1\nweb1: UNKNOWN: so web1\n")


@pytest.mark.parametrize(
    ("plugin", "outcome", "reason"),
    [
        ("#!/bin/sh\nkill -SEGV $$\n", "broken", "ended by signal 11 (SIGSEGV)"),
        ("#!/no/such/interpreter\n", "broken", "its interpreter is missing"),
        ("#!/bin/sh\nno_such_command_of_a_plugin\n", "broken", "not found"),
        ("#!/bin/sh\nexit 126\n", "broken", "exit code 126"),
        ("#!/bin/sh\nsleep 60\n", "failed", "timeout"),
        ("#!/bin/sh\nexit 4\n", "failed", "exit code 4"),
        ("#!/bin/sh\nexit 255\n", "failed", "exit code 255"),
    ],
)
async def test_a_plugin_that_cannot_do_its_work(
    check_inside: Check, tmp_path: Path, plugin: str, outcome: str, reason: str
) -> None:
    """M-nagios-unknown."""
    path = tmp_path / "check_it"
    write_program(path, plugin)
    result = await check_inside("nagios.monitor", "-t", "0.5", "--", str(path), "%h", "--", "web1")
    assert result.outcome == outcome, result
    assert reason in result.output


@pytest.mark.slow
async def test_the_worst_state_counts_m_nagios_1(check: Check, tmp_path: Path) -> None:
    """M-nagios-1."""
    plugin = script(tmp_path, "echo as it is; exit ${1#n}")
    result = await check("nagios.monitor", "--", plugin, "%h", "--", "n3", "n1", "n0", "n77")
    assert result.exitval == 2
    assert result.output == (
        "n1 n77\nn1: WARNING: as it is\nn0: as it is\nn77: exit code 77: as it is\nn3: not checked: UNKNOWN: as it is\n"
    )
    assert (await check("nagios.monitor", "--", plugin, "%h", "--", "n0", "n1")).exitval == 1
    assert (await check("nagios.monitor", "-w", "--", plugin, "%h", "--", "n0", "n1")).exitval == 0
    assert (await check("nagios.monitor", "-w", "--", plugin, "%h", "--", "n2", "n1")).exitval == 2


async def test_no_shell_sees_the_words(check: Check, tmp_path: Path) -> None:
    plugin = script(tmp_path, 'printf "<%s>" "$@"')
    hosts = ("$(touch x)", "a b;c", "%h%a", "-n")
    result = await check("nagios.monitor", "--", plugin, "%h", "100,20%", "50%%", "%d %", "", "--", *hosts)
    assert result.exitval == 0
    for host in hosts:
        assert f"\n{host}: <{host}><100,20%><50%><%d %><>\n" in result.output


async def test_the_environment_is_the_plugins_too(check: Check, tmp_path: Path) -> None:
    plugin = script(tmp_path, 'echo "$MON_GROUP"; exit 2')
    result = await check("nagios.monitor", "--", plugin, "%h", "--", "a", MON_GROUP="web")
    assert result.output == "a\na: CRITICAL: web\n"


def runs(pidfile: Path) -> bool:
    """Whether the process with the number in a file is there."""
    return Path("/proc", pidfile.read_text().strip()).exists()


@pytest.mark.slow
async def test_a_plugin_that_hangs_is_ended_with_what_it_started(check: Check, tmp_path: Path) -> None:
    plugin = script(tmp_path, f'echo $$ > "{tmp_path}/$1"; echo begun; sleep 60 & wait')
    result = await check("nagios.monitor", "-t", "0.3", "--", plugin, "%h", "--", "a", "b")
    assert result.exitval == 2
    assert result.output == "a b\n" + "".join(
        f"{host}: timeout: no result after 0.3s, stopped\nbegun\n" for host in ("a", "b")
    )
    for host in ("a", "b"):
        assert not runs(tmp_path / host)


@pytest.mark.slow
async def test_plugins_run_at_the_same_time_but_not_too_many(check: Check, tmp_path: Path) -> None:
    """Each waits until as many as may run do, and counts how many there are."""
    plugin = script(
        tmp_path, f'mkdir -p "{tmp_path}/in"; : > "{tmp_path}/in/$1"; sleep 0.2; ls "{tmp_path}/in" | wc -l; '
        f'rm "{tmp_path}/in/$1"'
    )  # fmt: skip
    hosts = [f"h{number}" for number in range(6)]
    result = await check("nagios.monitor", "--at-once", "3", "--", plugin, "%h", "--", *hosts)
    counts = [int(line.partition(": ")[2]) for line in result.output.splitlines() if line]
    assert len(counts) == 6
    assert max(counts) == 3


async def test_one_that_dies_or_cannot_be_run(check: Check, tmp_path: Path) -> None:
    result = await check("nagios.monitor", "--", script(tmp_path, "kill -9 $$"), "%h", "--", "a")
    said = "ended by signal 9 (SIGKILL)"
    assert (result.exitval, result.output) == (126, f"{said}\na: not checked: {said}\n")
    result = await check("nagios.monitor", "--", script(tmp_path, "echo all OK; kill -11 $$"), "%h", "--", "a")
    said = "ended by signal 11: all OK"
    assert (result.exitval, result.output) == (126, f"{said}\na: not checked: {said}\n")
    write_program(tmp_path / "broken", "#!/nonexistent/interpreter\n")
    result = await check("nagios.monitor", "--", str(tmp_path / "broken"), "%h", "--", "a")
    assert result.exitval == 126
    assert "its interpreter is missing" in result.output


async def test_bytes_of_any_kind_and_very_much(check_inside: Check, tmp_path: Path) -> None:
    plugin = script(tmp_path, r"printf 'caf\351 | x=1\n'; head -c 3000000 /dev/zero | tr '\0' 'y'; exit 2")
    result = await check_inside("nagios.monitor", "--", plugin, "%h", "--", "a")
    assert result.output.startswith("a\na: CRITICAL: caf\udce9\nyyy")
    assert len(result.output) < 1_100_000


async def test_long_text_and_performance_data_on_several_lines(check: Check, tmp_path: Path) -> None:
    (tmp_path / "output").write_text(
        "DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968 inodes=U;;;;\n"
        "/ 15272 MB (77%);\n/boot 68 MB (69%);\n"
        "/home 69357 MB (27%); | /boot=68KB;88;93;0;98 'the \"home\" of o''neill'=97.25%;@10:20;~:95;;\n"
        "'rta max'=12,5ms;100,000;500,000;0; jobs=12c in=-3.5e3B\n"
    )
    result = await check("nagios.monitor", "--", script(tmp_path, f"cat {tmp_path}/output"), "%h", "--", "a")
    assert result.output == (
        "\na: DISK OK - free space: / 3326 MB (56%);\n/ 15272 MB (77%);\n/boot 68 MB (69%);\n/home 69357 MB (27%);\n"
    )
    measured = {each.name: (each.value, each.unit) for each in result.measurements}
    assert measured.pop("time")[1] == "s"
    assert measured == {
        "/": (2643 * 1024.0**2, "B"),
        "/boot": (68 * 1024.0, "B"),
        'the_"home"_of_o\'neill': (97.25, "%"),
        "rta_max": (0.0125, "s"),
        "jobs": (12.0, ""),
        "in": (-3500.0, "B"),
    }


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("time=0.1s", [("time", 0.1, "s")]),
        ("time=250us;;;0", [("time", 0.00025, "s")]),
        ("a=1 b=2TB", [("a", 1.0, ""), ("b", 2 * 1024.0**4, "B")]),
        ("a=1;2;3;4;5 junk b=2", [("a", 1.0, ""), ("b", 2.0, "")]),
        ("a= b=U c=x d=1.2.3 e=5", [("e", 5.0, "")]),
        ("temp=21.5C power=3W", [("temp", 21.5, "C"), ("power", 3.0, "W")]),
        ("'unended=1 b=2", [("b", 2.0, "")]),
        ("'a=b'=3", [("a=b", 3.0, "")]),
        ("", []),
        ("OK", []),
    ],
)
def test_figures(data: str, expected: list[tuple[str, float, str]]) -> None:
    found = list(function("parse_figures")(data))
    assert [(name, unit) for name, _, unit in found] == [(name, unit) for name, _, unit in expected]
    assert [value for _, value, _ in found] == pytest.approx([value for _, value, _ in expected])


@pytest.mark.slow
@given(st.text(alphabet="ab1.,-+e'=;|%sUc \n\tü", max_size=80))
def test_no_output_is_too_odd(output: str) -> None:
    said, more, performance = function("split_output")(output)
    assert "\n" not in said
    assert not more or more.endswith("\n")
    for name, value, _ in function("parse_figures")(performance):
        assert name == "".join(name.split()) != ""
        assert not math.isnan(value)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("check_x -H %h -p 8080 127.0.0.1 127.0.0.2", 5),
        ("check_x -p 8080 -H %h web1 db.example.org. fe80::1%eth0 ::1", 5),
        ("check_x -H %h", 3),
        ("check_x -p 80 --host=%h web1", 4),
        ("check_x %h --warn=5 web1", 3),
        ("check_x -H %h -w 100,20% -c 500,60% web1", 7),
        ("check_x -H %h -u /index.html web1", 5),
        ("check_x -H %h -r 5: web1", 5),
        ("check_x -H %h -t 1.5 web1", 5),
        ("check_x -m web -H %h web1", 5),
        ("check_x web %h web1", 3),
        ("check_x -H %h -S web -- web1", 5),
        ("check_x -H %h -- -S -- web1", 5),
        ("check_x -H %h -S", 4),
        ("check_x -H%h -S --", 3),
    ],
)
def test_words_and_hosts(line: str, command: int) -> None:
    words = line.split()
    hosts = [word for word in words[command:] if word != "--"]
    assert function("split")(words) == (tuple(words[:command]), tuple(hosts))


@pytest.mark.parametrize(
    ("line", "doubtful"),
    [
        ("check_x -H %h -S web1 web2", "'web1' may be a host, or the value of -S"),
        ("check_x -H %h --ssl 127.0.0.1", "'127.0.0.1' may be a host, or the value of --ssl"),
        ("check_x -H %h -w5 ::1", "'::1' may be a host, or the value of -w5"),
        ("check_x -H %h 5 web1", "'5' is no host"),
        ("check_x -H %h -p 80 443 web1", "'443' is no host"),
        ("check_x -H %h -p 80 web1 web2:81", "'web2:81' is no host"),
    ],
)
async def test_what_is_doubtful_is_refused_m_nagios_2(check_inside: Check, line: str, doubtful: str) -> None:
    """M-nagios-2."""
    result = await check_inside("nagios.monitor", "--", *line.split())
    assert result.exitval == 126
    advice = "write -- behind the plugin's words, before the hosts"
    assert result.output.startswith(f"nagios.monitor: {doubtful}: {advice}\n")


@pytest.mark.slow
@given(st.lists(st.text(max_size=5), min_size=1, max_size=6), st.lists(st.text(max_size=5).filter("--".__ne__)))
def test_dashes_always_tell(command: list[str], hosts: list[str]) -> None:
    assert function("split")([*command, "--", *hosts]) == (tuple(command), tuple(hosts))


@pytest.mark.slow
@given(st.lists(st.text(alphabet="-ah8.:%/=", min_size=1, max_size=4).filter("--".__ne__), min_size=1, max_size=6))
def test_no_word_is_lost(words: list[str]) -> None:
    try:
        command, hosts = function("split")(["check_x", "-H", "%h", *words])
    except PluginUsageError:
        return
    assert [*command[3:], *hosts] == words
    assert all(function("may_be_host")(host) for host in hosts)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--", "check_dummy", "0", "--", "a"], "check_dummy is given no host: write %h"),
        (["--", "check_dummy", "0", "--", "%h"], "check_dummy is given no host: write %h"),
        (["--", "--", "a"], "no plugin is named"),
        (["--once"], "no plugin is named"),
        ([], "no plugin is named"),
        (["--once", "--", "check_dummy", "%h"], "with --once there is no host"),
        (["--once", "--", "check_dummy", "0", "--", "a"], "with --once there is no host"),
        (["--", "check_none_such", "%h", "--", "a"], "there is no program check_none_such, in PATH or in /usr/lib/"),
        (["--", "/nonexistent/x", "%h", "--", "a"], "there is no program /nonexistent/x\n"),
        (["-4", "--", "true", "%h", "--", "a"], "-4 and -6 choose the address that %a stands for"),
        (["-H", "%h", "check_tcp"], "unknown option -H"),
        (["--", "--once", "check_dummy"], "--once is given no host"),
        (["--once", "check_load", "-w", "5", "web1"], "'web1' may be a host that mon added (end the line with ;;)"),
        (["--once", "--", "check_users", "10.0.0.1"], "'10.0.0.1' may be a host that mon added (end the line with ;;)"),
    ],
)
async def test_wrong_use(check_inside: Check, arguments: list[str], why: str) -> None:
    result = await check_inside("nagios.monitor", *arguments)
    assert result.exitval == 126
    assert result.output.startswith(f"nagios.monitor: {why}")


async def test_once(check: Check, tmp_path: Path) -> None:
    plugin = script(tmp_path, 'echo "LOAD is $1 | load=$1;;"; exit $1')
    assert (await check("nagios.monitor", "--once", "--", plugin, "0")).exitval == 0
    result = await check("nagios.monitor", "--once", "--path", str(tmp_path), "--", "check_it", "2")
    assert (result.exitval, result.output) == (2, "check_it\ncheck_it: CRITICAL: LOAD is 2\n")
    assert [(each.host, each.name, each.value) for each in result.measurements] == [("check_it", "load", 2.0)]


async def test_once_with_words_that_could_be_hosts(check: Check, tmp_path: Path) -> None:
    """M-nagios-2: a closing -- tells that they are the plugin's."""
    plugin = script(tmp_path, 'echo "$*"')
    result = await check("nagios.monitor", "--once", plugin, "-C", "nginx", "--")
    assert (result.exitval, result.output) == (0, f"\n{plugin}: -C nginx\n")


async def test_the_plugins_name_ends_the_options(check: Check, tmp_path: Path) -> None:
    plugin = script(tmp_path, 'echo "$*"; exit 1')
    for dashes in ((), ("--",)):
        result = await check("nagios.monitor", "-w", *dashes, plugin, "-t", "%h", "-x", "--", "a")
        assert (result.exitval, result.output) == (0, "\na: -t a -x\n")


async def test_without_hosts_there_is_nothing_to_do(check_inside: Check) -> None:
    assert (await check_inside("nagios.monitor", "--", "true", "%h", "--")).output == ""


async def test_a_refused_port(check: Check) -> None:
    needs_plugin("check_tcp")
    command = ("check_tcp", "-H", "%h", "-p", str(free_port()))
    result = await check("nagios.monitor", "--", *command, "127.0.0.1")
    assert result.exitval == 2
    assert "Connection refused" in result.output
