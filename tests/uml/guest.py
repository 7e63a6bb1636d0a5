"""A Linux guest with a real IPVS kernel, for tests: user-mode-linux, booted from the machine's own files.

``Guest`` boots once (4 to 7 seconds) and runs any number of programs, one after the other, each in namespaces of its
own (see ``agent``). The guest sees the machine's files where they are, so a test runs the same interpreter, the same
packages and the same work tree inside; what it writes stays inside, but for ``Guest.shared``, which has the same path
on both sides. Neither root nor KVM is needed.

Mind that the guest sees a file as it was when it first looked: hand it new files under new names.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tests.tools import find_tool
from tests.uml import xstate

HERE = Path(__file__).resolve().parent
MODULES_HOME = Path("/usr/lib/uml/modules")
MODULES = ("veth", "bridge", "ipip", "ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_lc", "ip_vs_wlc", "ip_vs_sh")
"""Loaded at boot; the kernel loads others by itself when they are asked for."""
BOOT_LIMIT = 240.0
"""Seconds for a boot; it takes about 5 on an idle machine."""
GRACE = 60.0
"""Seconds beyond a program's own limit before the whole guest counts as hung."""
LIFE = 3600.0
"""Seconds after which a guest is killed whatever happens."""
ECHO_VARIABLE = "PYMON_UML_ECHO"
"""Set in the environment, it shows on standard error what programs in the guest write, while they write it."""


class GuestProblem(Exception):
    """The guest itself failed (did not boot, hung, panicked); the message carries the end of its console."""


@dataclass(frozen=True, slots=True)
class UmlResult:
    """What a program in the guest did: exit value (-N: died of signal N), output, and seconds by the guest's clock."""

    argv: tuple[str, ...]
    exitval: int
    stdout: str
    stderr: str
    timed_out: bool
    elapsed: float

    def check(self) -> Self:
        """This result if the program exited 0; else AssertionError with all that it said."""
        if self.exitval != 0 or self.timed_out:
            raise AssertionError(f"in the guest, {self}")
        return self

    def __str__(self) -> str:
        how = f"exceeded its time limit after {self.elapsed:.1f} s" if self.timed_out else f"exited {self.exitval}"
        return f"{shlex.join(self.argv)} {how}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


def missing_for_uml() -> str | None:
    """What this machine lacks for booting a guest, and how to get it; None if it can."""
    for program, package in (("linux.uml", "user-mode-linux"), ("insmod", "kmod"), ("ip", "iproute2")):
        if find_tool(program) is None:
            return (
                f"{program} is not installed, so nothing can be tested on a real IPVS kernel: "
                f"apt-get install {package} (all: user-mode-linux ipvsadm iproute2 kmod util-linux)"
            )
    if not any(MODULES_HOME.glob("*/kernel/net/netfilter/ipvs/ip_vs.ko")):
        return f"{MODULES_HOME} holds no IPVS module for linux.uml: apt-get install --reinstall user-mode-linux"
    if xstate.has_amx() and (lacking := xstate.missing_for_wrap()):
        return f"linux.uml does not boot as it is on this processor, which has AMX, and {lacking}"
    return None


def command_for(program: Path | str, args: Sequence[object] = ()) -> list[str]:
    """The argument list that runs a program: Python files by this interpreter, .sh by sh, others by themselves."""
    words = [str(program), *(str(arg) for arg in args)]
    suffix = Path(program).suffix
    if suffix == ".py":
        return [sys.executable, "-B", *words]
    return ["/bin/sh", *words] if suffix == ".sh" else words


class Guest:
    """A booted guest. Use it as a context manager, or call ``close``.

    ``shared`` is the directory that both sides write to (made, and removed at the end, if not given). A guest that
    broke is not used again: ``alive`` is false then, and every ``run`` raises GuestProblem. ``wrapped`` says whether
    the kernel runs under the wrap of ``xstate.c``: as given, else where the processor has AMX. ``preload`` are shared
    objects that come behind that.
    """

    def __init__(
        self,
        *,
        shared: Path | None = None,
        modules: Sequence[str] = MODULES,
        memory: str = "1G",
        life: float = LIFE,
        wrapped: bool | None = None,
        preload: Sequence[Path] = (),
    ) -> None:
        lacking = missing_for_uml()
        if lacking:
            raise GuestProblem(lacking)
        self._home = Path(tempfile.mkdtemp(prefix="pymon-uml-"))
        self.shared = (shared or self._home / "shared").resolve()
        self.shared.mkdir(parents=True, exist_ok=True)
        self._console = self._home / "console.log"
        self._last_console = "(nothing)"
        self._buffer = b""
        self.wrapped = xstate.has_amx() if wrapped is None else wrapped
        self._boot(modules, memory, life, preload)
        try:
            self.kernel = str(self._message(time.monotonic() + BOOT_LIMIT)["ready"])
        except GuestProblem:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """True while the guest runs and obeys."""
        return self._warden.poll() is None and not self._lifeline.closed

    def run(
        self,
        program: Path | str,
        args: Sequence[object] = (),
        *,
        timeout: float = 60.0,
        environ: Mapping[str, str] | None = None,
        cwd: Path | str | None = None,
        stdin: bytes = b"",
    ) -> UmlResult:
        """Run one program in fresh namespaces and wait for its end, at most ``timeout`` seconds.

        ``program`` is a path, or a name found in PATH; a ``.py`` file is run by this interpreter, with the current
        directory (default: the work tree) first on PYTHONPATH. Whatever it leaves behind is killed.
        GuestProblem if the guest itself fails.
        """
        if not self.alive:
            raise GuestProblem(self._with_console("the guest is gone"))
        argv = command_for(program, args)
        work_tree = Path(cwd) if cwd else HERE.parent.parent
        request = {
            "argv": argv,
            "environ": {**_environ(work_tree, self.shared), **(environ or {})},
            "cwd": str(work_tree),
            "limit": timeout,
            "stdin": base64.b64encode(stdin).decode("ascii"),
        }
        self._send(request)
        deadline = time.monotonic() + timeout + GRACE
        output: dict[str, list[bytes]] = {"out": [], "err": []}
        while True:
            message = self._message(deadline)
            if "end" in message:
                end = message["end"]
                return UmlResult(
                    tuple(argv),
                    int(end["exitval"]),
                    b"".join(output["out"]).decode("utf-8", "surrogateescape"),
                    b"".join(output["err"]).decode("utf-8", "surrogateescape"),
                    bool(end["timed_out"]),
                    float(end["elapsed"]),
                )
            for stream, data in message.items():
                output[stream].append(base64.b64decode(data))
                if os.environ.get(ECHO_VARIABLE):
                    sys.stderr.write(output[stream][-1].decode("utf-8", "replace"))

    def close(self) -> None:
        """Halt the guest and see to it that nothing of it is left; safe to call more than once."""
        if self._lifeline.closed:
            return
        if self._warden.poll() is None and self._console.exists():
            try:
                os.write(self._to_guest, b'{"halt": true}\n')
                self._warden.wait(3.0)
            except (OSError, subprocess.TimeoutExpired):
                pass
        self._last_console = self._console_tail()
        self._lifeline.close()  # the warden kills whatever is still there
        try:
            self._warden.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._warden.kill()
            self._warden.wait()
        os.close(self._to_guest)
        os.close(self._from_guest)
        shutil.rmtree(self._home, ignore_errors=True)

    def _boot(self, modules: Sequence[str], memory: str, life: float, preload: Sequence[Path]) -> None:
        kernel = find_tool("linux.uml")
        assert kernel is not None
        init = self._home / "init"
        words = [str(HERE / "init.sh"), sys.executable, str(HERE / "agent.py"), str(self.shared), " ".join(modules)]
        init.write_text(f"#!/bin/sh\nexec {shlex.join(words)}\n", encoding="utf-8")
        init.chmod(0o755)
        if " " in str(init):
            raise GuestProblem(
                f"a kernel's command line has no way to name {init}: set TMPDIR to a path without blanks"
            )
        environ = {"PATH": os.environ.get("PATH", os.defpath), "TMPDIR": str(self._home), "HOME": str(self._home)}
        if objects := [*([self._compile_wrap()] if self.wrapped else []), *preload]:
            environ["LD_PRELOAD"] = " ".join(map(str, objects))
        guest_input, self._to_guest = os.pipe()
        self._from_guest, guest_output = os.pipe()
        console = os.open(self._console, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        command = [
            *(str(kernel), f"mem={memory}", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro"),
            *(f"init={init}", f"uml_dir={self._home}", "umid=guest"),
            *("con=null", f"con0=null,fd:{console}", f"con1=fd:{guest_input},fd:{guest_output}", "ssl=null"),
            *("quiet", "panic=-1"),
        ]
        passed = (guest_input, guest_output, console)
        try:
            self._warden = subprocess.Popen(
                [sys.executable, "-I", str(HERE / "warden.py"), str(life), str(self._home), *command],
                stdin=subprocess.PIPE,
                stdout=console,
                stderr=console,
                pass_fds=passed,
                env=environ,
                start_new_session=True,
            )
        except OSError as problem:
            for fd in (self._to_guest, self._from_guest):
                os.close(fd)
            shutil.rmtree(self._home, ignore_errors=True)
            raise GuestProblem(f"the guest cannot be started: {problem}") from problem
        finally:
            for fd in passed:
                os.close(fd)
        assert self._warden.stdin is not None
        self._lifeline: IO[bytes] = self._warden.stdin

    def _compile_wrap(self) -> Path:
        try:
            return xstate.compile_shared(xstate.SOURCE, self._home)
        except xstate.CompileProblem as problem:
            shutil.rmtree(self._home, ignore_errors=True)
            raise GuestProblem(f"the guest cannot be started: {problem}") from problem

    def _send(self, request: Mapping[str, object]) -> None:
        data = json.dumps(request).encode() + b"\n"
        while data:
            data = data[os.write(self._to_guest, data) :]

    def _message(self, deadline: float) -> dict[str, Any]:
        """The guest's next message; GuestProblem (and the guest's end) if it does not come in time."""
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._from_guest], [], [], max(0.0, deadline - time.monotonic()))
            data = os.read(self._from_guest, 65536) if ready else b""
            if not data:
                what = "the guest ended by itself" if ready else "the guest hangs"
                problem = GuestProblem(self._with_console(what))
                self.close()
                raise problem
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        message = json.loads(line)
        assert isinstance(message, dict)
        return message

    def _with_console(self, what: str) -> str:
        return f"{what}; its console ended with:\n{self._console_tail()}"

    def _console_tail(self) -> str:
        if not self._console.exists():
            return self._last_console
        return self._console.read_text(encoding="utf-8", errors="replace")[-4000:]


def _environ(work_tree: Path, shared: Path) -> dict[str, str]:
    """What a program in the guest starts with; no more of the machine's environment than this."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(work_tree),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYMON_SHARED": str(shared),
    }


def run_in_uml(
    program: Path | str, *, args: Sequence[object] = (), timeout: float = 60.0, environ: Mapping[str, str] | None = None
) -> UmlResult:
    """Boot a guest for one program, and end it: ``Guest.run`` for a single case."""
    with Guest() as guest:
        return guest.run(program, args, timeout=timeout, environ=environ)
