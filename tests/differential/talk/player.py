"""Playing a transcript on one daemon: what it answers, and which alerts it calls."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.differential import script
from tests.differential.daemon import Rig, RiggedDaemon
from tests.differential.records import Call
from tests.differential.talk.converse import Connection, send_packet
from tests.differential.talk.normal import Normal, brief
from tests.differential.talk.transcript import Scenario, Step, Transcript, to_bytes
from tests.programs import write_program

START_LIMIT = 60.0
LIMIT = 20.0
"""seconds to wait for anything that a step waits for"""
MONITOR = f"""\
#!/bin/sh
# Does what the file of its service says; a service without one is well, one that is told to hangs.
f=$RIG_DIR/told/$MON_GROUP.$MON_SERVICE
[ -e "$f" ] || exit 0
. "$f"
exec {script.HANG}
"""
EVERYBODY = tuple(
    f"{command}: all"
    for command in [
        "servertime",
        "stop",
        "start",
        "term",
        "reset",
        "reload",
        "clear",
        "test",
        "loadstate",
        "savestate",
        "set",
        "get",
        "list",
        "ack",
        "disable",
        "enable",
    ]
)
_QUICK = frozenset({"list", "get", "protid", "version", "servertime", "login", "checkauth", "getview", "setview"})
"""commands that call no alert"""


@dataclass(frozen=True, slots=True)
class Player:
    """A kind of daemon to play on; Debian's mon is the peer."""

    program: Path
    environ: Mapping[str, str]
    is_peer: bool


@dataclass(slots=True)
class Played:
    """What came of one scenario: the lines after each step, and the alerts' calls in full.

    ``failure`` is why the daemon could not be played on to the end.
    """

    lines: list[tuple[str, ...]] = field(default_factory=list)
    calls: list[dict[str, object]] = field(default_factory=list)
    failure: str = ""


def play(transcript: Transcript, player: Player, rig: Rig) -> dict[str, Played]:
    """Play all the scenarios of a transcript on a new daemon, one after the other."""
    stage = Stage.of(transcript, player, rig)
    played = {scenario.name: Played() for scenario in transcript.scenarios}
    try:
        with stage.daemon:
            stage.await_start()
            for scenario in transcript.scenarios:
                stage.play(scenario, played[scenario.name])
    except AssertionError as failure:
        for unplayed in played.values():
            unplayed.failure = str(failure)
    finally:
        stage.close()
    return played


def _daemon(player: Player, rig: Rig, options: tuple[str, ...]) -> RiggedDaemon:
    return RiggedDaemon(player.program, rig, player.environ, options, not player.is_peer)


def prepare(transcript: Transcript, rig: Rig) -> None:
    """Write all the files that the daemon will read."""
    rig.create()
    (rig.folder / "told").mkdir()
    write_program(rig.folder / "mon.d/told.monitor", MONITOR)
    where = {"{rig}": str(rig.folder), "{port}": str(rig.port)}
    parts = [rig.settings(), _filled(transcript.site, where)]
    parts += [_filled(scenario.config, where) for scenario in transcript.scenarios]
    (rig.folder / "mon.cf").write_text("\n\n".join(parts) + "\n")
    auth = EVERYBODY if transcript.auth is None else transcript.auth
    (rig.folder / "auth.cf").write_text(_filled(auth, where) + "\n")
    for name, lines in transcript.files.items():
        text = _filled(lines, where) + "\n"
        if text.startswith("#!"):
            write_program(rig.folder / name, text)
        else:
            (rig.folder / name).write_text(text)


def _filled(lines: tuple[str, ...], where: Mapping[str, str]) -> str:
    text = "\n".join(lines)
    for mark, meaning in where.items():
        text = text.replace(mark, meaning)
    return text


class Stage:
    """One daemon, its connections, and the alerts seen so far. ``close`` ends it all."""

    def __init__(self, player: Player, rig: Rig, daemon: RiggedDaemon) -> None:
        self.player = player
        self.rig = rig
        self.daemon = daemon
        self.connections: dict[str, Connection] = {}
        self.seen: set[str] = set()

    @classmethod
    def of(cls, transcript: Transcript, player: Player, rig: Rig) -> Stage:
        """A stage for a transcript; its daemon is not running yet."""
        prepare(transcript, rig)
        return cls(player, rig, _daemon(player, rig, transcript.options))

    def close(self) -> None:
        """End the conversations, and the daemon."""
        self._hang_up()
        self.daemon.stop()

    def _hang_up(self) -> None:
        for connection in self.connections.values():
            connection.close()
        self.connections.clear()

    def await_start(self) -> None:
        """Wait until the daemon listens."""

        def missing() -> str:
            with contextlib.suppress(OSError):
                connection = Connection(self.rig.port)
                answered = connection.ask(b"protid 9745")[-1] == "220 protocol match"
                connection.close()
                return "" if answered else "an answer"
            return f"port {self.rig.port}"

        self.daemon.wait_until(missing, START_LIMIT)

    def play(self, scenario: Scenario, played: Played) -> None:
        """Play one scenario on connections of its own."""
        for step, following in zip(scenario.steps, (*scenario.steps[1:], None), strict=True):
            try:
                lines = [f"< {line}".rstrip("\n") for line in self._do(step)]
            except (OSError, AssertionError) as error:
                lines = [f"< (failed: {error})"]
            expected = step.mon if self.player.is_peer else step.pymon
            wanted = sum(line.startswith("!") for line in expected)
            # What comes while the next step waits belongs to that step.
            waits = following is not None and following.text.startswith("until ") and not wanted
            if wanted or not (waits or (step.verb == "say" and step.text.split(" ")[0].lower() in _QUICK)):
                lines += self._alerts(wanted, played)
            played.lines.append(tuple(line.rstrip() if len(line) <= 2 else line for line in lines))
        self._hang_up()

    def _alerts(self, wanted: int, played: Played) -> list[str]:
        """The alerts called since the last look, in short; waits until ``wanted`` are there and none still runs."""
        deadline = time.monotonic() + LIMIT
        while len(self._new()) < wanted and time.monotonic() < deadline:
            time.sleep(0.02)
        with contextlib.suppress(AssertionError):
            self.daemon.settle(LIMIT)
        normal = self.normal()
        found: list[tuple[str, dict[str, object]]] = []
        for folder in self._new():
            self.seen.add(folder.name)
            call = _read_call(folder)
            found.append((brief(call, normal.text), normal.call(call)))
        found.sort(key=lambda entry: entry[0])
        played.calls += [call for _, call in found]
        return [line for line, _ in found]

    def _new(self) -> list[Path]:
        folders = (self.rig.folder / "alerts").iterdir()
        return sorted(entry for entry in folders if entry.name not in self.seen and not entry.name.startswith("."))

    def normal(self) -> Normal:
        """What makes its answers comparable."""
        rig = self.rig
        return Normal(
            str(rig.folder), self.daemon.pid, rig.port, socket.gethostname(), rig.environ(self.player.environ)
        )

    def _do(self, step: Step) -> list[str]:
        match step.verb:
            case "say":
                return self.ask(step.text, step.who)
            case "raw":
                return [self.normal().text(line) for line in self._connection(step.who).send_raw(to_bytes(step.text))]
            case "udp":
                send_packet(self.rig.port, to_bytes(step.text), step.who)
                # Three turns of its loop later the packet has been taken in.
                for _ in range(3):
                    self._connection("barrier").ask(b"protid 9745")
                return []
        return self._act(step)

    def _connection(self, name: str, source: str = "") -> Connection:
        if name not in self.connections:
            self.connections[name] = Connection(self.rig.port, source)
        return self.connections[name]

    def ask(self, command: str, who: str = "") -> list[str]:
        """The answer to a command on one of its connections, comparable."""
        return self.normal().answer(command, self._connection(who).ask(to_bytes(command)))

    def _act(self, step: Step) -> list[str]:
        """What the player itself does; the verbs of ``$`` lines."""
        verb, *words = step.text.split(" ")
        match verb, words:
            case "wait", [seconds]:
                time.sleep(float(seconds))
            case "connect", [name, source]:
                self._connection(name, source)
            case "close", [*name]:
                self.connections.pop("".join(name)).close()
            case "closed", [*name]:
                return self._connection("".join(name)).await_close(5.0)
            case "until", [*words]:
                command, _, pattern = " ".join(words).partition(" ~ ")
                return self._until(command, pattern)
            case "ended", []:
                return [self._await_end()]
            case "hangup", []:
                os.kill(self.daemon.pid, signal.SIGHUP)
            case "start", [*options]:
                self._restart(tuple(options))
            case _:
                return self._handle(step, verb, words)
        return []

    def _handle(self, step: Step, verb: str, words: list[str]) -> list[str]:
        """The verbs that have to do with files."""
        here = self.rig.folder
        match verb, words:
            case "show", [name]:
                return self._file(here / name)
            case "sorted", [name]:
                return sorted(_steady(line) for line in self._file(here / name))
            case "write", [name]:
                where = {"{rig}": str(here), "{port}": str(self.rig.port)}
                (here / name).write_bytes(to_bytes(_filled(step.block, where)) + b"\n")
            case "remove", [name]:
                (here / name).unlink()
            case "tell", [service, status, *output]:
                self._tell(service, status, " ".join(output))
            case "hang", [service]:
                (here / "told" / service.replace("/", ".")).write_text("")
            case _:
                raise ValueError(f"the player cannot do this: {step.text}")
        return []

    def _await_end(self) -> str:
        """The exit status of a daemon that ends by itself."""
        stat = Path(f"/proc/{self.daemon.pid}/stat")
        deadline = time.monotonic() + LIMIT
        # Its parent is this process, so that it stays as a zombie.
        while stat.read_text().rpartition(")")[2].split()[0] != "Z":
            if time.monotonic() > deadline:
                return "(still running)"
            time.sleep(0.05)
        self.daemon.stop()
        return f"exit {self.daemon.exit_status}"

    def _tell(self, service: str, status: str, output: str) -> None:
        text = to_bytes(output).decode("utf-8", "surrogateescape")
        file = self.rig.folder / "told" / service.replace("/", ".")
        file.write_text(f"printf %s {shlex.quote(text)}\nexit {status}\n", errors="surrogateescape")

    def _until(self, command: str, pattern: str) -> list[str]:
        deadline = time.monotonic() + LIMIT
        connection = self._connection("until")
        while not re.search(pattern, "\n".join(lines := connection.ask(command.encode()))):
            if time.monotonic() > deadline:
                return ["(never)", *self.normal().answer(command, lines)]
            time.sleep(0.1)
        return []

    def _file(self, path: Path) -> list[str]:
        if not path.exists():
            return ["(no file)"]
        text = path.read_text(errors="surrogateescape")
        return [self.normal().text(line).replace("\t", "␉") for line in text.splitlines()]

    def _restart(self, options: tuple[str, ...]) -> None:
        self._hang_up()
        self.daemon.stop()
        self.daemon = _daemon(self.player, self.rig, options)
        self.daemon.__enter__()
        self.await_start()


def _steady(line: str) -> str:
    """A line of mon's state file, whose periods come in random order behind the 24 values of the service."""
    fields = line.split("␉")
    return "␉".join(fields[:24] + sorted(fields[24:]))


def _read_call(folder: Path) -> Call:
    words = tuple(_text(word) for word in (folder / "argv").read_bytes().split(b"\0")[1:-1])
    entries = (folder / "environ").read_bytes().split(b"\0")
    environ = {name: value for name, _, value in (_text(entry).partition("=") for entry in entries if entry)}
    return Call(words, environ, (folder / "stdin").read_bytes())


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
