"""The two daemons, started on a configuration of the bench, and what their processes cost."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.differential.daemon import Rig, RiggedDaemon
from tests.ports import free_port

MON = Path("/usr/sbin/mon")
ROOT = Path(__file__).parents[1]
DEBIAN_PLUGINS = (Path("/usr/lib/mon/mon.d"), Path("/usr/lib/mon/alert.d"))
OWN_PLUGINS = (ROOT / "monitors", ROOT / "alerts")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Peer:
    """A daemon to measure: its program, and the folders with its monitors and alerts."""

    program: Path
    plugins: tuple[Path, Path]
    ends_monitors: bool

    @property
    def is_mon(self) -> bool:
        """Whether it is Debian's mon."""
        return self.program == MON


MON_PEER = Peer(MON, DEBIAN_PLUGINS, ends_monitors=False)
PYMON_PEER = Peer(Path(sys.executable).parent / "mon", OWN_PLUGINS, ends_monitors=True)


def environ() -> dict[str, str]:
    """What the daemons are started with; pymon's plugins find their Python first in PATH."""
    own = Path(sys.executable).parent
    return {
        **os.environ,
        "PATH": f"{own}:{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
    }


@contextlib.contextmanager
def rig(peer: Peer, body: str, globals_: str = "") -> Iterator[Rig]:
    """A rig whose mon.cf has the peer's plugin folders, further global lines, and ``body``."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        place = Rig(Path(folder) / "rig", free_port())
        place.create()
        head = place.settings([peer.plugins[0]], [peer.plugins[1]]).replace("dtlogging = yes", "dtlogging = no")
        (place.folder / "mon.cf").write_text(f"{head}{globals_}\n{body}\n")
        yield place


@contextlib.contextmanager
def daemon(peer: Peer, place: Rig, command: tuple[str, ...] = ()) -> Iterator[RiggedDaemon]:
    """The peer's daemon running on a rig (or ``command`` in its stead)."""
    with RiggedDaemon(peer.program, place, environ(), ends_monitors=peer.ends_monitors, command=command) as running:
        yield running


def processor_seconds(pid: int) -> float:
    """Processor time of a process and of those of its children that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def memory(pid: int, name: str = "VmRSS") -> float:
    """Memory of a process in MB: VmRSS is what it occupies, VmHWM the most it ever did."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"process {pid} tells no {name}")


def wait_for_log(place: Rig, text: str, limit: float) -> None:
    """Wait until the daemon has written a text to its standard error."""
    deadline = time.monotonic() + limit
    while text not in (place.folder / "stderr").read_text(errors="replace"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {text!r} on standard error within {limit} s")
        time.sleep(0.01)
