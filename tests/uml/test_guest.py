"""The rig itself: what the tests on the real IPVS kernel stand on."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.uml import guest as rig
from tests.uml.guest import Guest

pytestmark = pytest.mark.uml

WORK_TREE = rig.HERE.parent.parent


def _machine_processes(marker: str) -> list[int]:
    """The machine's processes whose command line holds the marker."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if marker.encode() in command:
                found.append(int(folder.name))
    return found


def _wait_until_gone(marker: str, limit: float = 60.0) -> list[int]:
    deadline = time.monotonic() + limit
    while (left := _machine_processes(marker)) and time.monotonic() < deadline:
        time.sleep(0.05)  # nothing announces the end of processes that are not ours
    return left


@pytest.mark.sample
def test_exit_value_and_both_outputs_come_back(uml: Guest) -> None:
    result = uml.run("sh", ["-c", "cat; echo 'to err' >&2; exit 7"], stdin="입력\n".encode())
    assert (result.exitval, result.stdout, result.stderr) == (7, "입력\n", "to err\n")
    assert not result.timed_out


def test_death_by_signal_is_told_apart(uml: Guest) -> None:
    assert uml.run("sh", ["-c", "kill -TERM $$"]).exitval == -15


def test_a_program_that_is_not_there_is_said(uml: Guest) -> None:
    result = uml.run("no-such-program")
    assert result.exitval == 127
    assert "cannot run no-such-program" in result.stderr


def test_much_output_on_both_streams_arrives_whole(uml: Guest) -> None:
    result = uml.run("sh", ["-c", "head -c 2000000 /dev/zero | tr '\\0' o; head -c 300000 /dev/zero | tr '\\0' e >&2"])
    assert (result.stdout, result.stderr) == ("o" * 2_000_000, "e" * 300_000)


def test_a_python_program_runs_by_the_same_interpreter_with_the_work_tree(uml: Guest) -> None:
    program = uml.shared / "which_python.py"
    program.write_text("import pymon, sys; print(sys.prefix, pymon.__file__, *sys.argv[1:])", encoding="utf-8")
    result = uml.run(program, ["a", 1]).check()
    assert result.stdout.split() == [sys.prefix, str(WORK_TREE / "pymon" / "__init__.py"), "a", "1"]


@pytest.mark.sample
def test_the_kernel_has_a_real_ipvs_table_that_each_case_has_for_itself(uml: Guest) -> None:
    script = "ipvsadm -A -t 10.1.2.3:80 -s wlc && ipvsadm -a -t 10.1.2.3:80 -r 10.1.2.4:80 -g -w 100 && ipvsadm -S -n"
    result = uml.run("sh", ["-c", script]).check()
    assert result.stdout.splitlines() == [
        "-A -t 10.1.2.3:80 -s wlc",
        "-a -t 10.1.2.3:80 -r 10.1.2.4:80 -g -w 100",
    ]
    assert uml.run("ipvsadm", ["-S", "-n"]).check().stdout == ""


def test_named_network_namespaces_end_with_their_case(uml: Guest) -> None:
    uml.run("sh", ["-c", "ip netns add left && ip link add x type veth peer name y netns left"]).check()
    result = uml.run("sh", ["-c", "ip netns list; ip -brief link"]).check()
    assert "left" not in result.stdout
    assert "x@" not in result.stdout


def test_only_the_shared_directory_reaches_the_machine(uml: Guest) -> None:
    outside = WORK_TREE / "written-by-a-guest"
    result = uml.run("sh", ["-c", f"echo in > {outside} && cat {outside} && echo kept > {uml.shared}/kept"]).check()
    assert result.stdout == "in\n"
    assert not outside.exists()
    assert (uml.shared / "kept").read_text(encoding="ascii") == "kept\n"


def test_a_time_limit_kills_all_that_the_program_started(uml: Guest) -> None:
    beats = uml.shared / "beats"
    beat = f"while :; do echo beat >> {beats}; sync {beats}; sleep 0.05; done"
    result = uml.run("sh", ["-c", f"(setsid sh -c '{beat}' &) ; sleep 60"], timeout=4)
    assert result.timed_out
    written = beats.stat().st_size
    assert written > 0
    uml.run("sleep", ["0.5"]).check()
    assert beats.stat().st_size == written


def test_a_daemon_left_behind_ends_with_its_case_even_if_it_holds_the_output_open(uml: Guest) -> None:
    result = uml.run("sh", ["-c", "setsid sleep 60 & echo done"], timeout=50).check()
    assert result.stdout == "done\n"


def test_a_guest_that_breaks_is_an_error_with_its_console_and_leaves_nothing(tmp_path: Path, uml: Guest) -> None:
    del uml  # skip where there is no kernel
    shared = tmp_path / "shared"
    with Guest(shared=shared, modules=()) as guest:
        marker = str(guest._home)
        assert _machine_processes(marker)
        with pytest.raises(rig.GuestProblem, match=r"(?s)the guest ended by itself.*sysrq"):
            guest.run("sh", ["-c", "echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger; sleep 9"])
        assert not guest.alive
        with pytest.raises(rig.GuestProblem, match="the guest is gone"):
            guest.run("true")
    assert _wait_until_gone(marker) == []
    assert shared.is_dir()


def test_nothing_is_left_when_the_test_run_itself_is_killed(uml: Guest) -> None:
    del uml
    code = (
        "from tests.uml.guest import Guest\n"
        "guest = Guest(modules=())\n"
        "print(guest._home, flush=True)\n"
        "guest.run('sleep', ['600'], timeout=600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=WORK_TREE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        marker = run.stdout.readline().strip()
        assert len(_machine_processes(marker)) >= 2
        run.kill()
    assert _wait_until_gone(marker) == []
    assert not Path(marker).exists()


def test_what_is_missing_is_said_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rig, "find_tool", lambda name: None)
    lacking = rig.missing_for_uml()
    assert lacking is not None
    assert "linux.uml is not installed" in lacking
    assert "apt-get install user-mode-linux" in lacking
    with pytest.raises(rig.GuestProblem, match="apt-get install user-mode-linux"):
        Guest()


def test_a_guest_that_cannot_be_started_leaves_nothing(
    uml: Guest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del uml
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(rig.GuestProblem, match="the guest cannot be started"):
        Guest()
    assert list(tmp_path.iterdir()) == []
