"""One run of Debian's mon and one of pymon, side by side, over all the scenarios: a work that is done ahead."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ahead import Work
from tests.differential import script
from tests.differential.daemon import Rig, RiggedDaemon
from tests.differential.records import Recording, read_recording
from tests.differential.scenario import Scenario, configuration, write_scripts
from tests.differential.scenarios import SCENARIOS
from tests.peers import PATHS
from tests.ports import free_port
from tests.programs import write_program

QUEUE = "peers"
RUN_LIMIT = 400.0
"""seconds within which all scripts must be exhausted; 70 are usual, a loaded machine takes longer"""


@dataclass(frozen=True, slots=True)
class Peers:
    """The two programs to compare, and the environment to start them with."""

    mon: Path
    pymon: Path
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Recordings:
    """What each of the two did."""

    mon: Recording
    pymon: Recording


def installed() -> Peers:
    """Debian's mon and the ``mon`` command of this pymon; pymon's plugins find their Python first in PATH."""
    own = Path(sys.executable).parent
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MON_", "PYTEST_"))}
    environ["PATH"] = f"{own}:{environ.get('PATH', os.defpath)}"
    environ["LC_ALL"] = "C.UTF-8"
    return Peers(PATHS["mon"], own / "mon", environ)


@contextmanager
def rigs() -> Iterator[Path]:
    """A folder for the rigs of one work."""
    with tempfile.TemporaryDirectory(prefix="pymon-peers-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def record() -> Recordings:
    """Run both daemons on the same mon.cf until every script is exhausted."""
    peers = installed()
    with rigs() as folder:
        theirs = _rig(folder / "mon", SCENARIOS)
        ours = _rig(folder / "pymon", SCENARIOS)
        done_theirs = write_scripts(theirs.folder, SCENARIOS)
        done_ours = write_scripts(ours.folder, SCENARIOS)
        with (
            RiggedDaemon(peers.mon, theirs, peers.environ, ends_monitors=False) as mon,
            RiggedDaemon(peers.pymon, ours, peers.environ) as pymon,
        ):
            pymon.wait_for(done_ours, RUN_LIMIT)
            mon.wait_for(done_theirs, RUN_LIMIT)
            pymon.settle(60)
            mon.settle(60)
        return Recordings(_read(mon), _read(pymon))


RECORD = Work(QUEUE, record)
"""for the mark ``ahead``"""


def _rig(folder: Path, scenarios: Sequence[Scenario]) -> Rig:
    rig = Rig(folder / "rig", free_port())
    rig.create()
    write_program(rig.folder / "alert.d/sub/deep.alert", script.ALERT)
    write_program(rig.folder / "mon.d/sub/deep.monitor", script.MONITOR)
    write_program(rig.folder / "mon.d/broken.monitor", "#!/nonexistent/interpreter\n")
    (rig.folder / "mon.cf").write_text(configuration(rig.settings(), scenarios))
    return rig


def _read(daemon: RiggedDaemon) -> Recording:
    services = [service for scenario in SCENARIOS for service, _ in scenario.services()]
    recording = read_recording(daemon.rig.folder, daemon.rig.environ(daemon.base_environ), services)
    recording.exit_status = daemon.exit_status
    recording.errors = daemon.errors
    return recording
