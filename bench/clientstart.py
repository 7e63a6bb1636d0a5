"""How much processor time the commands of clients take to start, beside Debian's of the same name.

Each is asked for its usage, so that no server counts. They take turns, and the least of each counts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.inside import as_installed
from bench.report import Row, milliseconds

TURNS = 15
GOAL = 0.080
COMMANDS: Mapping[str, tuple[str, Path | None]] = {
    "moncmd": ("pymon.client.moncmd", Path("/usr/bin/moncmd")),
    "monshow": ("pymon.client.monshow.main", Path("/usr/bin/monshow")),
    "monfailures": ("pymon.client.monfailures", None),
    "skymon": ("pymon.client.skymon", None),
}
"""command → its module, and Debian's program"""


def measure() -> list[Row]:
    """A row for each command."""
    environ = as_installed()
    least: dict[str, list[float]] = {}
    for turn in range(TURNS + 1):
        for name, (module, peer) in COMMANDS.items():
            runs = {name: [sys.executable, "-m", module, "--help"]}
            if peer is not None and peer.exists():
                runs[f"{name} of Debian"] = [str(peer), "--help"]
            for what, command in runs.items():
                took = _processor_time(command, environ)
                if turn:  # the first compiles
                    least.setdefault(what, []).append(took)
    return [_row(name, {what: min(taken) for what, taken in least.items()}) for name in COMMANDS]


def _row(name: str, least: Mapping[str, float]) -> Row:
    own, theirs = least[name], least.get(f"{name} of Debian")
    mon, ratio = (milliseconds(theirs), f"{own / theirs:.2f}") if theirs else ("-", "")
    return Row(
        f"{name}: processor time of a start", milliseconds(own), mon, ratio, f"< {milliseconds(GOAL)}", own < GOAL
    )


def _processor_time(command: Sequence[str], environ: Mapping[str, str]) -> float:
    null = os.open(os.devnull, os.O_RDWR)
    try:
        actions = [(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)]
        pid = os.posix_spawn(command[0], list(command), dict(environ), file_actions=actions)
    finally:
        os.close(null)
    usage = os.wait4(pid, 0)[2]
    return usage.ru_utime + usage.ru_stime
