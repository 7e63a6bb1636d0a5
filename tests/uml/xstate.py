"""Whether linux.uml needs ``xstate.c`` on this machine to boot, and that file compiled.

On a processor with AMX the area that holds a process's vector state is larger than user-mode-linux knows: without the
wrap its first process ends in "ptrace set fp regs failed, errno = 14" and a panic.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.tools import find_tool

SOURCE = Path(__file__).with_name("xstate.c")
CPUINFO = Path("/proc/cpuinfo")
COMPILE_LIMIT = 60.0
"""Seconds; a compiler takes a tenth of one."""
HOW_TO_COMPILE = "apt-get install gcc libc6-dev"


class CompileProblem(Exception):
    """``xstate.c`` could not be compiled; the message carries what the compiler said, and what to do."""


def has_amx(cpuinfo: Path = CPUINFO) -> bool:
    """True where the processor has the flag ``amx_tile``."""
    try:
        lines = cpuinfo.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return "amx_tile" in flags.partition(":")[2].split()


def missing_for_wrap() -> str | None:
    """What this machine lacks for compiling the wrap, and how to get it; None if it has all."""
    if find_tool("cc") is not None:
        return None
    return f"cc is not installed, so {SOURCE.name}, the wrap of ptrace() for linux.uml, stays source: {HOW_TO_COMPILE}"


def describe_way(wrapped: bool) -> str:
    """One line that says which of the two ways guests boot, and why."""
    if wrapped:
        return f"linux.uml boots with {SOURCE.name} preloaded: this processor has AMX"
    return "linux.uml boots as it is: this processor has no AMX"


def compile_shared(source: Path, folder: Path) -> Path:
    """The shared object of a C file, to be preloaded, made in this folder; CompileProblem if that fails."""
    lacking = missing_for_wrap()
    if lacking:
        raise CompileProblem(lacking)
    made = folder / source.with_suffix(".so").name
    command = [
        str(find_tool("cc")),
        "-shared",
        "-fPIC",
        "-O2",
        "-Wall",
        "-Wextra",
        "-o",
        str(made),
        str(source),
        "-ldl",
    ]
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=COMPILE_LIMIT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise CompileProblem(f"{source} cannot be compiled: {problem}") from problem
    if ended.returncode != 0:
        raise CompileProblem(
            f"{source} cannot be compiled ({HOW_TO_COMPILE} brings what it needs); cc said:\n{ended.stderr[-2000:]}"
        )
    return made
