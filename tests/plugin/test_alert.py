"""The SDK for alerts: the same answer inside the daemon and as a program."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Plugin
from pymon.errors import PluginError, UnusableFile
from pymon.plugin import (
    Alert,
    AlertOutcome,
    Done,
    Event,
    EventKind,
    Exit,
    Failed,
    PluginUsageError,
    TryAgain,
    flag,
    option,
    run_program,
    words,
)
from pymon.plugin.blocking import StuckThreads
from pymon.plugin.net import NameNotFound
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import load
from tests.programs import write_program

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Options:
    """Options of an alert."""

    level: int = option("-L", default=1, about="level")
    rooms: tuple[str, ...] = words("room", about="rooms")


class Bell:
    """Keeps what it was told, and answers as it is set to."""

    def __init__(self, outcome: AlertOutcome | None = None, error: Exception | None = None) -> None:
        self.told: list[tuple[Event, Options]] = []
        self.outcome = outcome or Done()
        self.error = error

    async def ring(self, event: Event, options: Options) -> AlertOutcome:
        self.told.append((event, options))
        if self.error is not None:
            raise self.error
        return self.outcome


def invocation(*arguments: str, stdin: str = "sum\ndetail\nmore\n", **environ: str) -> Invocation:
    return Invocation("/d/bell.alert", arguments, environ, stdin)


def run(bell: Bell, call: Invocation) -> tuple[int, str]:
    answer = asyncio.run(Alert(Options, bell.ring, about="Rings.").run(call))
    return answer.exitval, answer.output


def told(*arguments: str, stdin: str = "sum\ndetail\nmore\n", **environ: str) -> Event:
    bell = Bell()
    assert run(bell, invocation(*arguments, stdin=stdin, **environ)) == (0, "")
    return bell.told[0][0]


def test_an_event_as_mon_tells_it() -> None:
    environ = {"MON_ALERTTYPE": "failure", "MON_DESCRIPTION": "the bell", "MON_OPSTATUS": "0"}
    bell = Bell()
    call = invocation(
        "-s", "http", "-g", "web", "-h", "h1 h2", "-t", "1795466388", "-l", "60", "-L", "3", "a", "b", **environ
    )
    run(bell, call)
    event, options = bell.told[0]
    assert options == Options(3, ("a", "b"))
    assert event == Event(
        group="web",
        service="http",
        hosts=("h1", "h2"),
        time=1795466388.0,
        kind=EventKind.FAILURE,
        summary="sum",
        detail="detail\nmore\n",
        environ=environ,
        next_alert="60",
        program="bell.alert",
        arguments=call.arguments,
    )
    assert (event.description, event.opstatus) == ("the bell", "0")


@pytest.mark.parametrize(
    ("arguments", "alerttype", "kind"),
    [
        ((), "", EventKind.FAILURE),
        ((), "nonsense", EventKind.FAILURE),
        ((), "startup", EventKind.STARTUP),
        ((), "test", EventKind.TEST),
        (("-u",), "", EventKind.UP),
        (("-u",), "up", EventKind.UP),
        (("-a",), "", EventKind.ACK),
        (("-D",), "disable", EventKind.DISABLE),
        (("-T",), "trap", EventKind.TRAP),
        (("-O",), "traptimeout", EventKind.TRAPTIMEOUT),
    ],
)
def test_kind_of_event(arguments: tuple[str, ...], alerttype: str, kind: EventKind) -> None:
    assert told(*arguments, **({"MON_ALERTTYPE": alerttype} if alerttype else {})).kind is kind


def test_time_is_now_by_hand_and_local_in_mons_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-notime: without -t mon's alerts say 1970."""
    assert abs(told().time - time.time()) < 10
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    try:
        assert told("-t", "1793700000").when == "Tue Nov 3 19:00:00"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("value", ["x", "", "nan", "inf", "-1", "1e300"])
def test_a_time_that_is_none(value: str) -> None:
    code, output = run(Bell(), invocation("-t", value))
    assert code == Exit.USAGE
    assert f"option -t {value!r}: must be seconds since 1970" in output


def test_unknown_letters_are_named_and_passed_over() -> None:
    bell = Bell(Done("rung"))
    assert run(bell, invocation("-Z", "-s", "http", "room")) == (0, "Unknown option: Z\nrung\n")
    assert bell.told[0][1] == Options(rooms=("room",))


def test_usage_errors() -> None:
    bell = Bell()
    code, output = run(bell, invocation("-L", "loud"))
    assert (code, bell.told) == (64, [])
    assert output == "bell.alert: option -L 'loud': must be a whole number\ntry bell.alert --help\n"
    code, output = run(Bell(error=PluginUsageError("no room")), invocation())
    assert (code, output) == (64, "bell.alert: no room\ntry bell.alert --help\n")


def test_help() -> None:
    bell = Bell()
    code, output = run(bell, invocation("--help"))
    assert (code, bell.told) == (0, [])
    assert output.startswith("usage: bell.alert [options] [room ...]\n\nRings.\n")
    assert "-L VALUE" in output


@pytest.mark.parametrize(
    ("outcome", "code", "output"),
    [
        (Done(), 0, ""),
        (Done("rung"), 0, "rung\n"),
        (Done("two\nlines\n"), 0, "two\nlines\n"),
        (Failed("no bell"), 69, "no bell\n"),
        (Failed("locked", Exit.NO_PERMISSION), 77, "locked\n"),
        (TryAgain("busy"), 75, "busy\n"),
    ],
)
def test_outcomes(outcome: AlertOutcome, code: int, output: str) -> None:
    assert run(Bell(outcome), invocation()) == (code, output)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EACCES, 77),
        (errno.EPERM, 77),
        (errno.ENOSPC, 75),
        (errno.EMFILE, 75),
        (errno.ENOENT, 74),
        (errno.ENOTDIR, 74),
        (errno.EISDIR, 74),
        (errno.EROFS, 74),
        (errno.EINVAL, 74),
        (errno.ENAMETOOLONG, 74),
        (errno.EIO, 75),
        (errno.ESTALE, 75),
        (errno.ECONNREFUSED, 75),
        (errno.ECONNRESET, 75),
        (errno.ETIMEDOUT, 75),
        (errno.EHOSTUNREACH, 75),
        (errno.ETXTBSY, 75),
    ],
)
def test_errors_of_the_system(number: int, code: int) -> None:
    """A-sysexits: mon's alerts exit with the errno that they met."""
    error = OSError(number, os.strerror(number), "/some/file")
    assert run(Bell(error=error), invocation()) == (code, f"bell.alert: {error}\n")


@pytest.mark.parametrize(
    "error",
    [
        NameNotFound("Temporary failure in name resolution"),
        StuckThreads("64 earlier calls hang"),
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
        ssl.SSLError(1, "[SSL] handshake failure"),
        OSError("without a number"),
    ],
)
def test_errors_without_a_number_of_the_system_pass(error: OSError) -> None:
    """A-sysexits."""
    assert run(Bell(error=error), invocation()) == (75, f"bell.alert: {error}\n")


def test_a_file_that_cannot_be_used_may_be_mended() -> None:
    """A-unusable."""
    assert run(Bell(error=UnusableFile("no secret in x")), invocation()) == (75, "bell.alert: no secret in x\n")


def test_other_exceptions_are_the_runners() -> None:
    with pytest.raises(ZeroDivisionError):
        run(Bell(error=ZeroDivisionError()), invocation())


def test_order() -> None:
    plain = Alert(Options, Bell().ring, about="")
    assert isinstance(plain, Plugin)
    assert (plain.ordered, plain.survives_boot, plain.retry_on) == (False, False, frozenset({75}))
    ordered = Alert(
        *(Options, Bell().ring),
        about="",
        order_by=lambda event, options: f"level {options.level} of {event.service}, {event.kind}",
        retry_on=frozenset({4}),
        survives_boot=True,
    )
    assert (ordered.ordered, ordered.survives_boot, ordered.retry_on) == (True, True, frozenset({4}))
    assert ordered.order_key(invocation("-s", "x", "-u", "-L", "7")) == "level 7 of x, up"
    assert ordered.order_key(invocation("-L", "loud")) == "wrong options"


async def test_what_is_too_old_is_given_up() -> None:
    """A-giveup."""
    alert = Alert(Options, Busy(*(TryAgain("busy") for _ in range(3)), Done()).ring, about="", give_up=3600.0)
    young, old = str(time.time() - 3000), str(time.time() - 7200)
    assert await attempt(alert, "-t", young) == (75, "busy\n")
    assert await attempt(alert, "-t", old) == (69, "busy\nit is given up: it happened 2h ago\n")
    assert await attempt(alert, "-t", old, "--retries", "3") == (69, "busy\nit is given up: it happened 2h ago\n")
    assert await attempt(alert, "-t", old) == (0, "")


async def test_a_program_gets_the_beginning_of_what_is_too_long_for_an_argument() -> None:
    """A-argument: the kernel takes no argument of 128 KiB."""
    event = Event("g", "s", (), 0.0, EventKind.FAILURE, "", "", {"PATH": os.environ["PATH"]})
    script = 'printf "%s %s %s" "${#1}" "$2" "$3"'
    words = ("죽" * 100_000, "a\0b", "\ud800")
    result = await run_program(["/bin/sh", "-c", script, "sh", *words], event)
    assert (result.exitval, result.output) == (0, f"{(128 * 1024 - 1) // 3 * 3} a\ufffdb \ufffd")


def test_mons_letters_are_not_the_alerts() -> None:
    @dataclass(frozen=True)
    class Clash:
        service: bool = flag("-s", about="")

    async def ring(_event: Event, _options: Clash) -> AlertOutcome:
        return Done()

    with pytest.raises(PluginError, match="-s is declared twice"):
        Alert(Clash, ring, about="")


@given(st.lists(st.text(max_size=8), max_size=6), st.text())
def test_any_call_has_an_answer(arguments: list[str], stdin: str) -> None:
    code, output = run(Bell(), invocation(*arguments, stdin=stdin))
    assert code in {0, 64}
    assert bool(output) or code == 0


PROGRAM = dedent(f"""\
    #!{sys.executable}
    from dataclasses import dataclass
    from pymon.plugin import Alert, AlertOutcome, Done, Event, TryAgain, option

    @dataclass(frozen=True)
    class Options:
        code: int = option("-c", default=0, about="exit code")

    async def tell(event: Event, options: Options) -> AlertOutcome:
        print("printed", event.group)
        told = (event.summary, event.detail, event.environ.get("FOO", ""), str(event.arguments))
        return TryAgain("|".join(told)) if options.code else Done("|".join(told))

    alert = Alert(Options, tell, about="")

    if __name__ == "__main__":
        alert.main()
""")


@pytest.mark.parametrize("code", [0, 75])
async def test_inside_the_daemon_as_a_program_does(code: int, tmp_path: Path) -> None:
    """Arguments, environment, input with bytes that are no UTF-8; output and exit code are the same both ways."""

    path = tmp_path / "tell.alert"
    write_program(path, PROGRAM)
    file = load("tell.alert", str(path))
    assert file.plugin is not None
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "FOO": "한\udcff"}
    call = Invocation(str(path), ("-g", "웹", "-c", str(code), "x\udcfe"), environ, "sum \udcff 한글\ndetail\n")
    runner = PluginRunner()
    runner.start()
    inside = await runner.run(file, call, time_limit=20)
    outside = await runner.run(file, call, time_limit=20, inprocess=False)
    runner.stop()
    assert (inside.exitval, inside.output) == (outside.exitval, outside.output)
    assert inside.exitval == code
    assert inside.output.startswith("printed 웹\nsum \udcff 한글|detail\n|한\udcff|")


def test_help_does_not_wait_for_input(tmp_path: Path) -> None:
    path = tmp_path / "tell.alert"
    path.write_text(PROGRAM)
    read, write = os.pipe()
    try:
        done = subprocess.run(
            [sys.executable, path, "--help"],
            stdin=read,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    finally:
        os.close(read)
        os.close(write)
    assert done.stdout.startswith("usage: tell.alert [options]")


# attempts


class Busy:
    """Answers as it is told to, one answer after the other, and counts; with ``hangs`` the first call never ends."""

    def __init__(self, *answers: AlertOutcome, hangs: bool = False) -> None:
        self.answers = list(answers)
        self.hangs = hangs
        self.calls = 0

    async def ring(self, _event: Event, _options: Options) -> AlertOutcome:
        self.calls += 1
        if self.hangs and self.calls == 1:
            await asyncio.Event().wait()
        return self.answers.pop(0)


async def attempt(alert: Alert[Options], *arguments: str) -> tuple[int, str]:
    answer = await alert.run(invocation(*arguments))
    return answer.exitval, answer.output


@pytest.fixture(name="pauses")
def pauses_fixture(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for, none of which takes place."""
    asked: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return asked


async def test_retries_within_a_run(pauses: list[float]) -> None:
    """A-attempts."""
    bell = Busy(*(TryAgain("busy") for _ in range(8)), Done("rung"))
    assert await attempt(Alert(Options, bell.ring, about=""), "--retries", "9") == (0, "rung\n")
    assert (bell.calls, pauses) == (9, [1, 2, 4, 8, 16, 32, 60, 60])


async def test_no_more_retries_than_asked_for_and_none_of_what_is_final(pauses: list[float]) -> None:
    bell = Busy(*(TryAgain(f"busy {number}") for number in range(5)))
    assert await attempt(Alert(Options, bell.ring, about="")) == (75, "busy 0\n")
    assert await attempt(Alert(Options, bell.ring, about=""), "--retries", "2") == (75, "busy 3\n")
    bell = Busy(Failed("gone"), Done())
    assert await attempt(Alert(Options, bell.ring, about=""), "--retries", "2") == (69, "gone\n")
    assert (bell.calls, pauses) == (1, [1, 2])


async def test_an_attempt_has_a_limit_after_which_another_can_help(pauses: list[float]) -> None:
    timed_out = (75, "bell.alert: timeout after 0.05 seconds\n")
    assert await attempt(Alert(Options, Busy(hangs=True).ring, about=""), "--timeout", "0.05") == timed_out
    assert await attempt(Alert(Options, Busy(hangs=True).ring, about="", timeout=0.05)) == timed_out
    bell = Busy(Done("rung"), hangs=True)
    assert await attempt(Alert(Options, bell.ring, about=""), "--timeout", "0.05", "--retries", "1") == (0, "rung\n")


async def test_a_field_timeout_of_the_alert_is_its_limit() -> None:
    @dataclass(frozen=True)
    class Own:
        timeout: float = option("--limit", default=0.05, about="limit")

    async def hang(_event: Event, _options: Own) -> AlertOutcome:
        await asyncio.Event().wait()
        return Done()

    answer = await Alert(Own, hang, about="").run(invocation())
    assert (answer.exitval, answer.output) == (75, "bell.alert: timeout after 0.05 seconds\n")


async def test_a_timeout_of_the_system_is_not_the_limit() -> None:
    error = TimeoutError(errno.ETIMEDOUT, "Connection timed out")
    answer = await Alert(Options, Bell(error=error).ring, about="").run(invocation())
    assert (answer.exitval, "Connection timed out" in answer.output) == (75, True)
    assert "timeout after" not in answer.output


async def test_a_plain_function_runs_in_a_thread() -> None:
    """It may block: the loop goes on meanwhile."""
    release = threading.Event()

    def ring(event: Event, _options: Options) -> AlertOutcome:
        assert threading.current_thread() is not threading.main_thread()
        release.wait(10)
        return Done(f"rung for {event.service}")

    running = asyncio.ensure_future(attempt(Alert(Options, ring, about=""), "-s", "http"))
    await asyncio.sleep(0.01)
    assert not running.done()
    release.set()
    assert await running == (0, "rung for http\n")


async def test_a_plain_function_that_hangs_is_given_up() -> None:
    release = threading.Event()

    def ring(_event: Event, _options: Options) -> AlertOutcome:
        release.wait(10)
        return Done()

    code, _ = await attempt(Alert(Options, ring, about=""), "--timeout", "0.05")
    release.set()
    assert code == 75
