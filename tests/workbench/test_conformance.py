"""A plugin run both ways: what is said against it, and what is not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pymon.errors import PluginError
from pymon.model.result import Cause
from pymon.plugin.testing import listening
from pymon.workbench.calls import make_alert_call, make_monitor_call
from pymon.workbench.conformance import Trial, find, try_out
from tests.programs import write_program

HEAD = """\
#!/usr/bin/env python3
import asyncio, os, sys, threading, time
from dataclasses import dataclass
from pymon.plugin import Alert, Done, Down, Monitor, Up, option, words

@dataclass(frozen=True)
class Options:
    port: int = option("-p", default=80, about="port")

"""
FOOT = """

monitor = Monitor(Options, probe)

if __name__ == "__main__":
    monitor.main()
"""

Write = Callable[[str], Path]


@pytest.fixture(name="write")
def write_fixture(tmp_path: Path) -> Write:
    """Writes a monitor of which this is the probe."""

    def write(probe: str) -> Path:
        path = tmp_path / "own.monitor"
        write_program(path, HEAD + textwrap.dedent(probe) + FOOT)
        return path

    return write


def run(path: Path, *arguments: str, time_limit: float = 30.0) -> Trial:
    file = find(path)
    return asyncio.run(try_out(file, make_monitor_call(file.path, arguments), time_limit=time_limit))


def test_one_that_is_as_it_should_be(write: Write) -> None:
    path = write("""
        async def probe(host, options):
            host.measure("answer", 42, "%")
            return Up() if host.name == "127.0.0.1" else Down("it is not ours", "more")
    """)
    trial = run(path, "127.0.0.1", "127.0.0.2")
    assert trial.problems == ()
    assert (trial.exitval, trial.summary, trial.detail) == (1, "127.0.0.2", "127.0.0.2: it is not ours\nmore\n")
    assert trial.measured("answer", "127.0.0.1") == [42.0]
    assert trial.inside is not None
    assert trial.inside.result.output == trial.output
    assert {each.name for each in trial.inside.measurements} >= {"answer", "time"}
    assert trial.inside.seconds > 0
    assert trial.process.seconds > 0
    assert 0.02 < trial.process.processor < 30


@pytest.mark.slow
def test_a_plain_function_may_block(write: Write) -> None:
    path = write("""
        def probe(host, options):
            time.sleep(0.15)
            return Up()
    """)
    trial = run(path, "127.0.0.1")
    assert (trial.exitval, trial.problems) == (0, ())


@pytest.fixture(name="blocking")
def blocking_fixture(write: Write) -> Path:
    return write("""
        async def probe(host, options):
            await asyncio.sleep(0)
            time.sleep(0.15)
            return Up()
    """)


@pytest.mark.slow
def test_the_line_that_blocks_is_named(blocking: Path) -> None:
    """150 ms, which the daemon's watchdog would let pass."""
    trial = run(blocking, "127.0.0.1")
    (problem,) = trial.problems
    line = blocking.read_text().splitlines().index("    time.sleep(0.15)") + 1
    assert problem.startswith("held up the event loop for 0.1")
    assert problem.endswith(f"{blocking} line {line} in probe: time.sleep(0.15)")
    assert trial.exitval == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "busy",
    [
        "end = time.monotonic() + 0.4\n    while time.monotonic() < end: pass",
        "import re; re.match('(a+)+$', 'a' * 22 + 'b')",
    ],
    ids=["loop", "regex"],
)
def test_work_that_keeps_the_processor_is_noticed(write: Write, busy: str) -> None:
    """An endless loop lets others look now and then; a regular expression keeps the interpreter to itself."""
    path = write(f"async def probe(host, options):\n    {busy}\n    return Up()\n")
    (problem,) = run(path, "127.0.0.1").problems
    assert f"{path} line " in problem
    assert "held up the event loop for" in problem


@pytest.mark.slow
def test_what_blocks_once_is_only_noted(write: Write) -> None:
    path = write("""
        once = []

        async def probe(host, options):
            if not once:
                once.append(time.sleep(0.15))
            return Up()
    """)
    trial = run(path, "127.0.0.1")
    assert trial.problems == ()
    assert trial.inside is not None
    (note,) = trial.inside.notes
    assert note.endswith("once.append(time.sleep(0.15)), at the first call only")


@pytest.mark.slow
def test_an_import_is_no_offence(write: Write, tmp_path: Path) -> None:
    (tmp_path / "slow_module.py").write_text("import time\ntime.sleep(0.15)\n")
    path = write(f"""
        async def probe(host, options):
            sys.path.insert(0, {str(tmp_path)!r})
            sys.modules.pop("slow_module", None)
            import slow_module
            sys.path.remove({str(tmp_path)!r})
            return Up()
    """)
    trial = run(path, "127.0.0.1")
    assert trial.problems == ()
    assert trial.inside is not None
    assert "import slow_module, where it imports: that is once" in trial.inside.notes[0]


@pytest.mark.slow
def test_what_the_watchdog_ends(write: Write) -> None:
    path = write("""
        async def probe(host, options):
            time.sleep(0 if __name__ == "__main__" else 5)
            return Up()
    """)
    trial = run(path, "127.0.0.1")
    assert trial.inside is not None
    assert trial.inside.result.cause is Cause.BLOCKED
    assert any("stopped: it blocked the event loop at" in problem for problem in trial.problems)
    assert "differs: exit code 0 as a process, 1 in process" in trial.problems


def test_a_task_left_behind(write: Write) -> None:
    path = write("""
        async def linger():
            await asyncio.sleep(60)

        async def probe(host, options):
            asyncio.ensure_future(linger())
            await asyncio.sleep(0)
            return Up()
    """)
    (problem,) = run(path, "127.0.0.1").problems
    assert problem.startswith("left a task behind: linger ")


@pytest.mark.slow
def test_a_thread_left_behind(write: Write) -> None:
    path = write("""
        async def probe(host, options):
            threading.Thread(target=threading.Event().wait, args=(1,), name="busybody", daemon=True).start()
            return Up()
    """)
    (problem,) = run(path, "127.0.0.1").problems
    assert problem.startswith("left a thread behind: busybody ")
    for thread in threading.enumerate():
        if thread.name == "busybody":
            thread.join(10)


def test_threads_of_the_test_are_not_the_plugins(write: Write) -> None:
    """A listener's answer that still runs was started by the listener."""
    path = write("""
        async def probe(host, options):
            (await host.connect(options.port)).close()
            return Up()
    """)
    release = threading.Event()
    with listening(lambda _connection: release.wait(10)) as port:
        trial = run(path, "-p", str(port), "127.0.0.1")
        release.set()
    assert trial.problems == ()


def test_threads_of_the_event_loops_pool_are_its_own(write: Write) -> None:
    path = write("""
        async def probe(host, options):
            await asyncio.to_thread(time.sleep, 0.01)
            return Up()
    """)
    assert run(path, "127.0.0.1").problems == ()


def test_changes_to_the_whole_process(write: Write) -> None:
    path = write("""
        async def probe(host, options):
            os.environ["LEFT_BY_A_PLUGIN"] = "1"
            return Up()
    """)
    try:
        assert run(path, "127.0.0.1").problems == ("changed os.environ, which is the whole daemon's",)
    finally:
        del os.environ["LEFT_BY_A_PLUGIN"]


def test_a_changed_umask(write: Write) -> None:
    path = write("""
        async def probe(host, options):
            os.umask(0o077)
            return Up()
    """)
    before = os.umask(0o022)
    try:
        assert run(path, "127.0.0.1").problems == ("changed the umask, which is the whole daemon's",)
    finally:
        os.umask(before)


def end_all(pids: Path) -> None:
    for pid in map(int, pids.read_text().split()):
        with contextlib.suppress(ProcessLookupError):  # that of the run as a process may be ended already
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


@pytest.mark.slow
@pytest.mark.parametrize("lists_children", [True, False], ids=["listed", "searched"])
def test_a_process_left_behind(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lists_children: bool
) -> None:
    """Whether the kernel lists the children of a process, or all processes have to be looked at."""
    path = write(f"""
        async def probe(host, options):
            with open("{tmp_path}/pids", "a") as file:
                print(os.spawnl(os.P_NOWAIT, "/bin/sleep", "sleep", "60"), file=file)
            return Up()
    """)
    try:
        if not lists_children:
            monkeypatch.setattr("pymon.workbench.resource_leaks._PROCESS", tmp_path)
            (tmp_path / "fd").mkdir()
        trial = run(path, "127.0.0.1")
        assert trial.problems == ("left a process behind: sleep (nobody ends it but itself)",)
        assert trial.inside is not None
        assert trial.inside.left
    finally:
        end_all(tmp_path / "pids")


def kept_by(path: Path) -> list[Any]:
    """What a plugin has in its list ``kept``."""
    kept: list[Any] = sys.modules["pymon_plugin_file_" + re.sub(r"\W", "_", str(path))].kept
    return kept


CONNECT = """
import socket
kept = []

async def probe(host, options):
    made = socket.create_connection((host.name, options.port))
    {then}
    return Up()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("then", "problems", "notes"),
    [
        ("kept.append(made)", ("left a socket open, to 127.0.0.1 port {port}",), 0),
        ("kept or kept.append(made); made in kept or made.close()", (), 1),
        ("asyncio.get_running_loop().call_later(0.05, made.close)", (), 0),
    ],
    ids=["each time", "once", "never"],
)
def test_a_socket_left_open(write: Write, then: str, problems: tuple[str, ...], notes: int) -> None:
    """One that is kept for the next call is not held against it; one that is about to be closed is none."""
    path = write(CONNECT.format(then=then))
    with listening(lambda connection: connection.recv(1)) as port:
        trial = run(path, "-p", str(port), "127.0.0.1")
        for connection in kept_by(path):
            connection.close()
    assert trial.problems == tuple(problem.format(port=port) for problem in problems)
    assert trial.inside is not None
    assert len(trial.inside.notes) == notes
    assert trial.inside.left == bool(problems or notes)


@pytest.mark.slow
def test_a_socket_that_a_thread_leaves_open(write: Write) -> None:
    path = write("""
        import socket
        kept = []

        def probe(host, options):
            kept.append(socket.create_connection((host.name, options.port)))
            return Up()
    """)
    with listening(lambda connection: connection.recv(1)) as port:
        trial = run(path, "-p", str(port), "127.0.0.1")
        for connection in kept_by(path):
            connection.close()
    assert trial.problems == (f"left a socket open, to 127.0.0.1 port {port}",)


def test_what_the_test_holds_is_not_the_plugins(write: Write) -> None:
    """What a listener's answer makes, and its end of the connection, for as long as it goes on."""
    path = write("""
        async def probe(host, options):
            connection = await host.connect(options.port)
            await asyncio.get_running_loop().sock_recv(connection, 1)
            connection.close()
            return Up()
    """)
    release = threading.Event()

    def answer(connection: socket.socket) -> None:
        with subprocess.Popen(["/bin/sleep", "60"]) as process, socket.socket():
            connection.sendall(b"!")
            release.wait(10)
            process.kill()

    with listening(answer) as port:
        trial = run(path, "-p", str(port), "127.0.0.1")
        release.set()
    assert (trial.problems, trial.inside and trial.inside.notes) == ((), ())


@pytest.mark.slow
def test_what_an_alert_leaves_is_noted(tmp_path: Path) -> None:
    """It may mean to, and is not called once more to see whether it is so each time."""
    path = tmp_path / "own.alert"
    write_program(
        path,
        HEAD
        + textwrap.dedent(f"""
            async def deliver(event, options):
                with open("{tmp_path}/pids", "a") as file:
                    print(os.spawnl(os.P_NOWAIT, "/bin/sleep", "sleep", "60"), file=file)
                return Done()

            alert = Alert(Options, deliver)

            if __name__ == "__main__":
                alert.main()
        """),
    )
    file = find(path)
    try:
        trial = asyncio.run(try_out(file, make_alert_call(file.path, ()), is_alert=True))
    finally:
        end_all(tmp_path / "pids")
    assert (trial.exitval, trial.problems) == (0, ())
    assert trial.inside is not None
    assert trial.inside.notes == ("left a process behind: sleep (nobody ends it but itself)",)
    assert trial.inside.left


@pytest.mark.slow
def test_a_file_left_open(write: Write, tmp_path: Path) -> None:
    path = write(f"""
        kept = []

        async def probe(host, options):
            kept.append(os.open("{tmp_path}/log", os.O_CREAT | os.O_WRONLY))
            return Up()
    """)
    try:
        assert run(path, "127.0.0.1").problems == (f"left a file open: {tmp_path}/log",)
    finally:
        for descriptor in kept_by(path):
            os.close(descriptor)


def test_one_that_would_end_the_daemon(write: Write) -> None:
    path = write("""
        async def probe(host, options):
            os._exit(3)
    """)
    trial = run(path, "127.0.0.1")
    assert trial.problems == ("called os._exit(3), which ends the whole daemon",)
    assert trial.exitval == 3


def test_a_probe_that_forgets_its_outcome(write: Write) -> None:
    path = write("""
        async def probe(host, options):
            pass
    """)
    trial = run(path, "127.0.0.1", "127.0.0.2")
    assert trial.problems == ("its probe returned None, neither Up, Down nor Broken",)
    assert (trial.exitval, trial.outcome) == (126, "broken")


@pytest.mark.slow
def test_a_wrong_option_may_take_its_time(write: Write) -> None:
    """What is costly on the way to it (certificates are read) is no fault: it ends when the option is mended."""
    path = write("""
        from pymon.plugin import PluginUsageError

        async def probe(host, options):
            time.sleep(0.15)
            raise PluginUsageError("--key needs --cert")
    """)
    trial = run(path, "127.0.0.1")
    assert (trial.exitval, trial.problems) == (126, ())
    assert trial.inside is not None
    (note,) = trial.inside.notes
    assert note.endswith(", on the way to an error in its options")


@pytest.mark.parametrize(("arguments", "notes"), [(("-p", "80"), 1), (("127.0.0.1",), 0)])
def test_a_call_without_hosts_is_noted(write: Write, arguments: tuple[str, ...], notes: int) -> None:
    path = write("""
        async def probe(host, options):
            return Up()
    """)
    trial = run(path, *arguments)
    assert trial.process.notes == ("it was given no hosts, so that it checked nothing",) * notes


def test_one_that_behaves_otherwise_in_process(write: Write) -> None:
    path = write("""
        async def probe(host, options):
            return Down(os.environ.get("MON_GROUP", "nothing"))
    """)
    (problem,) = run(path, "127.0.0.1").problems
    assert problem == ("differs: output line 2: '127.0.0.1: trial' as a process, '127.0.0.1: nothing' in process")


def test_figures_may_differ(write: Write) -> None:
    path = write("""
        async def probe(host, options):
            return Down(f"it took {time.perf_counter_ns()} ns in {os.getpid()}")
    """)
    assert run(path, "127.0.0.1").problems == ()


def test_what_it_measures_one_way_only(write: Write) -> None:
    path = write("""
        async def probe(host, options):
            if __name__ == "__main__":
                host.measure("extra", 1)
            return Up()
    """)
    assert run(path, "127.0.0.1").problems == ("differs: measured one way only: 127.0.0.1 extra",)


TELLING = """
from pymon.plugin import Broken, Report, SetMonitor

async def check(call):
    here = Up() if __name__ == "__main__" else Broken("x")
    return Report(1, "it is", hosts={"web1": here, "web2": Down("x")})

monitor = SetMonitor(Options, check)

if __name__ == "__main__":
    monitor.main()
"""


def test_hosts_that_are_something_else_in_process(tmp_path: Path) -> None:
    path = tmp_path / "own.monitor"
    write_program(path, HEAD + TELLING)
    assert run(path, "web1", "web2").problems == ("differs: web1 is up as a process, unknown in process",)


def test_a_probe_that_raises(write: Write) -> None:
    path = write("""
        async def probe(host, options):
            return Upp()
    """)
    trial = run(path, "127.0.0.1")
    (problem,) = trial.problems  # newer Pythons add what may be meant
    assert problem.startswith("raised NameError: name 'Upp' is not defined")
    assert (trial.exitval, trial.outcome) == (126, "broken")


def test_one_that_cannot_be_imported(tmp_path: Path) -> None:
    path = tmp_path / "broken.monitor"
    write_program(path, "#!/usr/bin/env python3\nfrom pymon.plugin import nothing\n")
    trial = run(path, "127.0.0.1")
    assert trial.inside is None
    assert trial.problems[0].startswith("cannot run in process: ImportError: ")
    assert trial.problems[1].startswith("raised ImportError: ")
    assert "nothing" in trial.why_not_inside


@pytest.mark.slow
def test_one_that_does_not_end(write: Write) -> None:
    path = write("""
        async def probe(host, options):
            await asyncio.sleep(60)
    """)
    trial = run(path, "-t", "0", "127.0.0.1", time_limit=0.6)
    assert [problem.partition(":")[0] for problem in trial.problems] == ["as a process", "in process"]
    assert all("timeout: no result after" in problem for problem in trial.problems)


def test_a_program_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "suicide.monitor"
    write_program(path, "#!/bin/sh\nkill -9 $$\n")
    assert run(path, "host").problems == ("as a process: ended by signal 9",)


def test_a_failure_without_a_summary_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "mute.monitor"
    write_program(path, "#!/bin/sh\nexit 1\n")
    trial = run(path, "host")
    assert trial.process.notes == ("it failed without a summary: its first line is empty",)
    assert trial.problems == ()


def test_a_measurement_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "wrong.monitor"
    write_program(
        path, '#!/bin/sh\necho "host time soon" >>"$PYMON_MEASUREMENTS"\necho "host size 5 B" >>"$PYMON_MEASUREMENTS"\n'
    )
    trial = run(path, "host")
    (problem,) = trial.problems
    assert "'soon' is no number" in problem
    assert trial.measured("size") == [5.0]


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="there is no file"):
        find(tmp_path / "no.monitor")
    (tmp_path / "plain.monitor").touch()
    with pytest.raises(PluginError, match=r"plain.monitor is not executable: chmod \+x "):
        find(tmp_path / "plain.monitor")
