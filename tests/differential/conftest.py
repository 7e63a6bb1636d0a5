"""One run of Debian's mon and one of pymon, side by side, over all the scenarios."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.differential import script
from tests.differential.daemon import Daemon, Rig, free_port
from tests.differential.records import Recording, read_recording
from tests.differential.scenario import Scenario, configuration, write_scripts
from tests.differential.scenarios import COMMANDS, SCENARIOS
from tests.tools import RequireTool

PEER = "/usr/sbin/mon"
RUN_LIMIT = 150.0
"""seconds within which all scripts must be exhausted; 35 are usual, a loaded machine takes longer"""


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


@pytest.fixture(scope="session")
def peers(require_tool: RequireTool) -> Peers:
    """Debian's mon and the ``mon`` command of this pymon; pymon's plugins find their Python first in PATH."""
    mon = require_tool(PEER, package="mon", why="the peer that pymon is compared with")
    own = Path(sys.executable).parent
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MON_", "PYTEST_"))}
    environ["PATH"] = f"{own}:{environ.get('PATH', os.defpath)}"
    environ["LC_ALL"] = "C.UTF-8"
    return Peers(mon, own / "mon", environ)


@pytest.fixture(scope="session")
def recordings(peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    """Run both daemons on the same mon.cf until every script is exhausted.

    Debian's mon is given the scenarios with commands as well, which are compared with pymon's rules.
    """
    theirs = _rig(tmp_path_factory.mktemp("mon"), (*SCENARIOS, *COMMANDS))
    ours = _rig(tmp_path_factory.mktemp("pymon"), SCENARIOS)
    done_theirs = write_scripts(theirs.folder, (*SCENARIOS, *COMMANDS))
    done_ours = write_scripts(ours.folder, SCENARIOS)
    with (
        Daemon(peers.mon, theirs, peers.environ, ends_monitors=False) as mon,
        Daemon(peers.pymon, ours, peers.environ) as pymon,
    ):
        pymon.wait_for(done_ours, RUN_LIMIT)
        mon.wait_for(done_theirs, RUN_LIMIT)
        pymon.settle(10)
        mon.settle(10)
    return Recordings(_read(mon), _read(pymon))


def _rig(folder: Path, scenarios: Sequence[Scenario]) -> Rig:
    rig = Rig(folder / "rig", free_port())
    rig.create()
    script.write_program(rig.folder / "alert.d/sub/deep.alert", script.ALERT)
    script.write_program(rig.folder / "mon.d/sub/deep.monitor", script.MONITOR)
    script.write_program(rig.folder / "mon.d/broken.monitor", "#!/nonexistent/interpreter\n")
    (rig.folder / "mon.cf").write_text(configuration(rig.settings(), scenarios))
    return rig


def _read(daemon: Daemon) -> Recording:
    services = [service for scenario in (*SCENARIOS, *COMMANDS) for service, _ in scenario.services()]
    recording = read_recording(daemon.rig.folder, daemon.rig.environ(daemon.base_environ), services)
    recording.exit_status = daemon.exit_status
    recording.errors = daemon.errors
    return recording
