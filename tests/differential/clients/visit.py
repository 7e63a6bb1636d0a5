"""Debian's own clients visit Debian's mon and pymon, and what they show is kept: a work that is done ahead."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tests.ahead import Work
from tests.differential.clients.visits import DEEDS, FILES, IDENTITIES, LOOKS, Visit
from tests.differential.daemon import Rig
from tests.differential.recording import QUEUE, installed, rigs
from tests.differential.talk.converse import HOST
from tests.differential.talk.normal import Normal
from tests.differential.talk.player import EVERYBODY, Played, Player, Stage
from tests.differential.talk.transcript import Transcript, parse
from tests.ports import free_port
from tests.programs import write_program

SITE = Path(__file__).with_name("site.txt")
LIMIT = 120.0
AT_ONCE = 6
OPEN = (*EVERYBODY, "trap section", "* bob abNANd1rDfiNc")
AFTERWARDS = ("list disabled", "list state", "list failures")
"""what the server is asked after each deed"""

_MOVING = (
    (re.compile(r"\d+ days?, \d\d:\d\d:\d\d|[+-]?(?<!⟨)\b(\d+[dhms])+\b|\b\d\d:\d\d:\d\d\b"), "{clock}"),
    (re.compile(r"\b\d+ (?:seconds?|minutes?|hours?|days?)(?:, \d+ (?:seconds?|minutes?|hours?))*"), "{clock}"),
    (re.compile(r"\b(?:[A-Z][a-z]+day, )?\d{1,2}-[A-Z][a-z]{2}-\d{4}\b"), "{day}"),
    (re.compile(r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} "), "{day} "),
    (re.compile(r'("(?:timer|failure_duration|monitor_duration|downtime)" => )"?\d+"?'), r"\1{n}"),
    (re.compile(r"(\(monitor_duration\)(?:<[^>]*>)+)\d+"), r"\1{n}"),
    # In a column a shorter time is followed by more blanks: 9s and 10s.
    (re.compile(r"(?<=\{clock\}) +"), " "),
    # P-timer: a service without an interval has none after a reset in mon.
    (re.compile(r"\btimer=(?= )"), "timer={n}"),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client showed: its output in lines, and what the server said of itself afterwards."""

    status: int
    output: tuple[str, ...]
    errors: tuple[str, ...]
    afterwards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Views:
    """What the clients saw of one daemon, by the visits' names; ``failure`` is why the state was not as meant."""

    seen: Mapping[str, Seen]
    state: tuple[str, ...]


def visit_all() -> dict[str, Views]:
    """Let all clients visit both daemons; by ``mon`` and ``pymon``."""
    peers = installed()
    site = parse("site", SITE.read_text())
    everybody = replace(site, auth=OPEN)
    with rigs() as folder, ThreadPoolExecutor(6) as pool:
        running = {
            name: [
                pool.submit(_visit_one, transcript, visits, Player(program, peers.environ, name == "mon"), place, width)
                for transcript, visits, place, width in (
                    (everybody, LOOKS, folder / f"{name}-looks", AT_ONCE),
                    (everybody, DEEDS, folder / f"{name}-deeds", 1),
                    (site, IDENTITIES, folder / f"{name}-identities", 1),
                )
            ]
            for name, program in (("mon", peers.mon), ("pymon", peers.pymon))
        }
        found: dict[str, Views] = {}
        for name, works in running.items():
            views = [work.result() for work in works]
            seen = {visit: each for view in views for visit, each in view.seen.items()}
            found[name] = Views(seen, tuple(line for view in views for line in view.state))
        return found


VISITS = Work(QUEUE, visit_all)
"""for the mark ``ahead``"""


def _visit_one(site: Transcript, visits: Sequence[Visit], player: Player, folder: Path, width: int) -> Views:
    rig = Rig(folder / "rig", free_port())
    stage = Stage.of(site, player, rig)
    home = folder / "home"
    where = {"{host}": HOST, "{port}": str(rig.port), "{home}": str(home)}
    for name, text in FILES.items():
        write_program(home / name, _filled(text, where))
    state = Played()
    try:
        with stage.daemon:
            stage.await_start()
            for scenario in site.scenarios:
                stage.play(scenario, state)
            with ThreadPoolExecutor(width) as pool:
                asks = AFTERWARDS if visits is DEEDS else ()
                seen = pool.map(lambda visit: _visit(visit, stage, where, asks), visits)
                return Views(
                    {visit.name: each for visit, each in zip(visits, seen, strict=True)},
                    tuple(line for step in state.lines for line in step),
                )
    finally:
        stage.close()


def _visit(visit: Visit, stage: Stage, where: Mapping[str, str], asks: Iterable[str]) -> Seen:
    environ = {
        **stage.player.environ,
        # Perl's hashes are in the same order then, in so far as they were filled in the same order.
        "PERL_HASH_SEED": "0",
        "PERL_PERTURB_KEYS": "0",
        "HOME": where["{home}"],
        **{name: _filled(value, where) for name, value in visit.environ.items()},
    }
    ended = subprocess.run(
        [_filled(word, where) for word in visit.command],
        input=visit.stdin.encode(),
        capture_output=True,
        env=environ,
        cwd=Path(where["{home}"], visit.folder),
        timeout=LIMIT,
        check=False,
    )
    normal = stage.normal()
    output, errors = (
        tuple(sorted(_alike(line, normal, where) for line in _lines(data))) for data in (ended.stdout, ended.stderr)
    )
    afterwards = tuple(_alike(line, normal, where) for ask in asks for line in stage.ask(ask))
    return Seen(ended.returncode, output, errors, afterwards)


def _lines(data: bytes) -> list[str]:
    """Lines; of a page, its rows as well, for their order is that of a hash."""
    text = data.decode("utf-8", "surrogateescape")
    return re.split(r"\n|(?=<tr|<h2)", text)


def _alike(line: str, normal: Normal, where: Mapping[str, str]) -> str:
    line = normal.text(line.replace(where["{home}"], "{home}"))
    line = re.sub(rf"\b{normal.pid}\b", "{pid}", line).replace(f"\\@{normal.hostname}", "@{host}")
    for pattern, meaning in _MOVING:
        line = pattern.sub(meaning, line)
    return line


def _filled(text: str, where: Mapping[str, str]) -> str:
    for mark, meaning in where.items():
        text = text.replace(mark, meaning)
    return text
