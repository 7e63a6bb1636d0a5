"""Playing transcripts on both daemons at the same time: a work that is done ahead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.ahead import Work
from tests.differential.daemon import Rig
from tests.differential.recording import QUEUE, Peers, installed, rigs
from tests.differential.talk.player import Played, Player, play
from tests.differential.talk.transcript import Transcript, read_all
from tests.ports import free_port

AT_ONCE = 20
"""daemons that run at the same time; they mostly wait"""


@dataclass(frozen=True, slots=True)
class Both:
    """What came of one transcript on either daemon, by scenario."""

    mon: Mapping[str, Played]
    pymon: Mapping[str, Played]


def play_all(transcripts: Iterable[Transcript] | None = None, *, with_pymon: bool = True) -> dict[str, Both]:
    """Play transcripts (all there are) on Debian's mon and on pymon, by the transcripts' names."""
    peers = installed()
    chosen = list(read_all() if transcripts is None else transcripts)
    with rigs() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        running = [(entry.name, *_begin(entry, folder, pool, peers, with_pymon)) for entry in chosen]
        return {name: Both(mon.result(), ours.result() if ours else {}) for name, mon, ours in running}


TALK = Work(QUEUE, play_all)
"""for the mark ``ahead``"""


def _begin(
    transcript: Transcript, folder: Path, pool: ThreadPoolExecutor, peers: Peers, with_pymon: bool
) -> tuple[Future[dict[str, Played]], Future[dict[str, Played]] | None]:
    mon = Player(peers.mon, peers.environ, is_peer=True)
    pymon = Player(peers.pymon, peers.environ, is_peer=False)

    def begin(player: Player) -> Future[dict[str, Played]]:
        return pool.submit(
            play, transcript, player, Rig(folder / transcript.name / player.program.parent.name, free_port())
        )

    return begin(mon), begin(pymon) if with_pymon else None
