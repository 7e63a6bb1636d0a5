"""Reading a configuration of 10,000 services in 90,000 lines: pymon's parse and build beside the start of Debian's mon.

mon does little else than read when it starts, so its time to the first connection is what pymon's is held against.
Both are taken in turns, on the same file, each in a process of its own, and the fastest of each is shown: what
disturbs a run only makes it slower.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.peers import MON_PEER, ROOT, environ, rig
from bench.report import Row
from bench.start import site, start_mon

ROUNDS = 5
TIME_GOAL = 2.0
_LOAD = """
import sys, time
begin = time.perf_counter()
from pathlib import Path
from pymon.config.loader import load
imported = time.perf_counter()
loaded = load(Path(sys.argv[1]))
ended = time.perf_counter()
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(imported - begin, ended - imported, int(status["VmHWM"].split()[0]) / 1024, len(loaded.site.services))
"""


def measure() -> list[Row]:
    """The same file for both, in turns."""
    text = site("1h", "http.monitor")
    mon: list[tuple[float, float]] = []
    reads: list[tuple[float, float, float, int]] = []
    with rig(MON_PEER, text) as place:
        file = place.folder / "mon.cf"
        lines = file.read_text().count("\n")
        for _ in range(ROUNDS):
            reads.append(_read(file))
            mon.append(start_mon(text))
    mon_seconds, mon_memory = min(mon)
    seconds = min(read[1] for read in reads)
    importing, _, most, services = min(reads)
    return [
        Row(f"parse and build {services} services ({lines} lines)", f"{seconds:.2f} s",
            f"{mon_seconds:.2f} s (start)", f"{seconds / mon_seconds:.1f}", f"<= {TIME_GOAL:.0f}",
            seconds <= TIME_GOAL * mon_seconds),
        Row("the same, most memory", f"{most:.0f} MB", f"{mon_memory:.0f} MB", f"{most / mon_memory:.1f}"),
        Row("importing what reads it", f"{importing:.2f} s"),
    ]  # fmt: skip


def _read(file: Path) -> tuple[float, float, float, int]:
    """Seconds of import, seconds of parse and build, most MB, services; of one process."""
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(file)],
        cwd=ROOT, env=environ(), capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    importing, seconds, most, services = done.stdout.split()
    return float(importing), float(seconds), float(most), int(services)
