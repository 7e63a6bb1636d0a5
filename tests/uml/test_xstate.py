"""The wrap of ptrace() under which linux.uml boots on processors with AMX, proven on those that have none."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools import RequireTool, find_tool
from tests.uml import guest as rig
from tests.uml import xstate
from tests.uml.guest import Guest, GuestProblem

HERE = Path(__file__).resolve().parent
pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the XSAVE area is one of x86-64")


@pytest.fixture(scope="module")
def wrap(tmp_path_factory: pytest.TempPathFactory, require_tool: RequireTool) -> Path:
    """The compiled wrap."""
    require_tool("cc", package="gcc libc6-dev", why="compiles the wrap of ptrace()")
    return xstate.compile_shared(xstate.SOURCE, tmp_path_factory.mktemp("wrap"))


@pytest.fixture(scope="module")
def large_area(tmp_path_factory: pytest.TempPathFactory, wrap: Path) -> Path:
    """What makes ptrace() behave as on a machine with AMX."""
    del wrap  # skips without cc
    return xstate.compile_shared(HERE / "large_xstate.c", tmp_path_factory.mktemp("large"))


def _trace(*preloaded: Path) -> dict[str, Any]:
    environ = {**os.environ, "LD_PRELOAD": " ".join(map(str, preloaded))}
    command = [sys.executable, str(HERE / "tracer.py")]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert isinstance(found, dict)
    return found


def test_the_machines_kernel_takes_nothing_less_than_the_whole_area() -> None:
    """What the wrap is for: without it, every short write fails, and no short read does."""
    found = _trace()
    for length, (_, changed_as_wanted, problem) in ((int(n), (0, *row)) for n, row in found["writes"].items()):
        assert (problem == 0) == (length >= found["whole"]), length
        assert changed_as_wanted or problem != 0
    assert found["short write without the wrap"] == "EFAULT"


def test_a_short_buffer_reads_the_beginning_and_writes_the_beginning_and_the_rest_stays(wrap: Path) -> None:
    found = _trace(wrap)
    whole = found["whole"]
    assert len(found["reads"]) == len(found["writes"]) == 8
    for length, (got, same, problem) in found["reads"].items():
        assert (got, same, problem) == (min(int(length), whole), True, 0), length
    for length, outcome in found["writes"].items():
        assert outcome == [True, 0], length


def test_everything_else_goes_through_the_wrap_unchanged(wrap: Path) -> None:
    found = _trace(wrap)
    assert found["other register sets"]
    assert found["peeked"]
    assert found["no such process"] == ["ESRCH", "ESRCH"]


@pytest.mark.parametrize(
    ("cpuinfo", "amx"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f amx_bf16 avx512_fp16 amx_tile amx_int8 flush_l1d\n", True),
        ("processor\t: 0\nflags\t\t: fpu amx_tile\nprocessor\t: 1\nflags\t\t: fpu amx_tile\n", True),
        ("processor\t: 0\nflags\t\t: amx_tile fpu", True),
        ("processor\t: 0\nflags\t\t: fpu avx avx2 avx512f\n", False),
        ("processor\t: 0\nmodel name\t: amx_tile\nflags\t\t: fpu not_amx_tile amx_tile2\n", False),
        ("processor\t: 0\nFeatures\t: fp asimd\n", False),
        ("", False),
    ],
)
def test_the_flag_is_read_from_the_processors_flags(tmp_path: Path, cpuinfo: str, amx: bool) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(cpuinfo, encoding="ascii")
    assert xstate.has_amx(file) is amx


def test_a_machine_without_cpuinfo_has_no_amx(tmp_path: Path) -> None:
    assert not xstate.has_amx(tmp_path / "cpuinfo")


def test_a_missing_compiler_is_said_where_the_processor_has_amx(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "6.1.0" / "kernel" / "net" / "netfilter" / "ipvs" / "ip_vs.ko"
    module.parent.mkdir(parents=True)
    module.touch()
    monkeypatch.setattr(rig, "MODULES_HOME", tmp_path)
    for place in (rig, xstate):
        monkeypatch.setattr(place, "find_tool", lambda name: None if name == "cc" else Path("/bin/true"))
    monkeypatch.setattr(xstate, "has_amx", lambda: False)
    assert rig.missing_for_uml() is None
    monkeypatch.setattr(xstate, "has_amx", lambda: True)
    lacking = rig.missing_for_uml()
    assert lacking is not None
    assert "AMX" in lacking
    assert "cc is not installed" in lacking
    assert "apt-get install gcc libc6-dev" in lacking
    with pytest.raises(GuestProblem, match="cc is not installed"):
        Guest()


def test_what_the_compiler_says_is_in_the_problem(tmp_path: Path, wrap: Path) -> None:
    del wrap  # skips without cc
    source = tmp_path / "broken.c"
    source.write_text("int broken(", encoding="ascii")
    with pytest.raises(xstate.CompileProblem, match=r"(?s)broken.c cannot be compiled.*libc6-dev.*cc said:.*error"):
        xstate.compile_shared(source, tmp_path)


@pytest.mark.uml
def test_the_guest_of_the_other_tests_took_the_way_that_this_processor_needs(uml: Guest) -> None:
    assert uml.wrapped is xstate.has_amx()
    assert any(line.endswith("xstate.so") for line in _maps_of_kernels(uml)) is uml.wrapped


@pytest.mark.parametrize(("wrapped", "said"), [(True, "with xstate.c preloaded"), (False, "as it is")])
def test_the_end_of_a_run_says_which_way_was_taken(wrapped: bool, said: str) -> None:
    assert f"linux.uml boots {said}" in xstate.describe_way(wrapped)


def _maps_of_kernels(guest: Guest) -> Iterator[str]:
    """What the kernel's processes of a guest have mapped."""
    marker = f"uml_dir={guest._home}".encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if marker in words and b"warden.py" not in b" ".join(words):
                    yield from (folder / "maps").read_text(encoding="utf-8", errors="replace").splitlines()
            except OSError:
                continue


@pytest.mark.uml
def test_a_guest_does_not_boot_where_the_area_is_larger_than_its_own(uml_possible: None, large_area: Path) -> None:
    with pytest.raises(GuestProblem, match="ptrace set fp regs failed, errno = 14"):
        Guest(modules=(), wrapped=False, preload=[large_area])


@pytest.mark.uml
def test_under_the_wrap_it_boots_there_and_keeps_vector_registers_whole(
    uml_possible: None, large_area: Path, tmp_path: Path
) -> None:
    vectors = tmp_path / "vectors"
    subprocess.run([str(find_tool("cc")), "-O2", "-o", str(vectors), str(HERE / "vectors.c")], check=True, timeout=60)
    here = subprocess.run([vectors], capture_output=True, text=True, check=True, timeout=60)
    with Guest(wrapped=True, preload=[large_area]) as guest:
        assert guest.wrapped
        assert any(line.endswith("xstate.so") for line in _maps_of_kernels(guest))
        assert guest.run(vectors).check().stdout == here.stdout
        guest.run(sys.executable, ["-c", "assert sum(0.5 * n for n in range(1000)) == 249750.0"]).check()
        guest.run("sh", ["-c", "ipvsadm -A -t 10.1.2.3:80 -s wlc && ipvsadm -S -n"]).check()
