"""State files change sides: what Debian's mon has saved is loaded by pymon, and the other way round."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.ahead import Work
from tests.differential.daemon import Rig
from tests.differential.recording import QUEUE, installed, rigs
from tests.differential.talk.player import Played, Player, Stage
from tests.differential.talk.transcript import parse
from tests.ports import free_port

# Each alert stands where it is called, so that the player waits for it before it goes on: pymon answers a client before
# it has started what a packet calls for.
SITE = parse(
    "crossed",
    r"""
@site
hostgroup a h1 h2

hostgroup b h1 h3

watch a
  service s
    interval 1h
    monitor told.monitor
    period wd {Sun-Sat}
      alert rec.alert a
      alertevery 1h
      upalert rec.alert u
    period Label: wd {Sun-Sat}
      alert rec.alert p
      alertafter 2
  service equals
    period wd {Sun-Sat}
      alert rec.alert e
  service untouched
    period wd {Sun-Sat}

watch b
  service s
    period wd {Sun-Sat}
  service off
    period wd {Sun-Sat}

@auth
list: all
loadstate: all
savestate: all
disable: all
ack: all
trap section
* * x

@scenario save: Make something to be saved, and save it.
@play
> disable service b off
> disable watch b
> disable host h1
udp> pro='9'⏎grp='a'⏎svc='s'⏎sta='3'⏎sum='the "first" \5c20 100% é'⏎dtl='tab\09 and\0aline\0a\0a'
! a/s trap a < the "first" \20 100% é
udp> pro='9'⏎grp='a'⏎svc='equals'⏎sta='1'⏎sum='a = b'
! a/equals trap e < a = b
udp> pro='9'⏎grp='b'⏎svc='s'⏎sta='0'⏎sum='well'
> ack a s 'seen\20it\5c20'
> savestate all

@scenario load: Load what was saved, and go on from there.
@play
> loadstate all
> list opstatus a,s
> list opstatus a,equals
> list opstatus a,untouched b
> list disabled
udp> pro='9'⏎grp='a'⏎svc='s'⏎sta='3'⏎sum='other'
> list opstatus a,s
udp> pro='9'⏎grp='a'⏎svc='s'⏎sta='0'⏎sum='well'
! a/s up u < other
> list opstatus a,s
""",
)
EQUALS = 2
"""the step of ``load`` that shows the service whose summary has an equals sign"""


@dataclass(frozen=True, slots=True)
class Crossed:
    """What came of loading, by who had saved and who loaded: ``mon`` or ``pymon``."""

    saved: Mapping[str, Played]
    loaded: Mapping[tuple[str, str], Played]


def cross() -> Crossed:
    """Save with either daemon, load with either."""
    peers = installed()
    players = {
        "mon": Player(peers.mon, peers.environ, is_peer=True),
        "pymon": Player(peers.pymon, peers.environ, is_peer=False),
    }
    with rigs() as folder, ThreadPoolExecutor(4) as pool:
        saving = {name: pool.submit(_save, player, folder / name) for name, player in players.items()}
        saved = {name: work.result() for name, work in saving.items()}
        loading = {
            (writer, reader): pool.submit(_load, player, folder / f"{writer}-{reader}", files)
            for writer, (_, files) in saved.items()
            for reader, player in players.items()
        }
        return Crossed(
            {name: played for name, (played, _) in saved.items()},
            {pair: work.result() for pair, work in loading.items()},
        )


CROSS = Work(QUEUE, cross)
"""for the mark ``ahead``"""


def _save(player: Player, folder: Path) -> tuple[Played, dict[str, bytes]]:
    rig = Rig(folder, free_port())
    played = _play(Stage.of(SITE, player, rig), 0)
    return played, {name: (rig.folder / "state" / name).read_bytes() for name in ("disabled", "opstatus")}


def _load(player: Player, folder: Path, files: Mapping[str, bytes]) -> Played:
    stage = Stage.of(SITE, player, Rig(folder, free_port()))
    for name, data in files.items():
        (folder / "state" / name).write_bytes(data)
    return _play(stage, 1)


def _play(stage: Stage, number: int) -> Played:
    played = Played()
    try:
        with stage.daemon:
            stage.await_start()
            stage.play(SITE.scenarios[number], played)
    finally:
        stage.close()
    return played
