"""What a transcript is: a conversation with a daemon, step by step, and what each of the two daemons answers.

Transcripts are the text files of ``transcripts/``. One file is played on one daemon of each kind, its scenarios one
after the other::

    # a comment
    @site                       the beginning of mon.cf ({rig} stands for the daemon's folder)
    @auth                       auth.cf; without it everybody may do everything
    @file users.cf              a further file in the daemon's folder
    @options -l all             options of the daemon

    @scenario ack-twice: The second comment replaces the first.
    @differs Q6                 ids of docs/compatibility/, where the two differ on purpose
    @cf                         the scenario's part of mon.cf
    @play
    > ack a s 'one'             a command, on the connection that has no name
    < 220 ack completed         a line of the answer
    ! a/s ack k < : one         an alert that was called: service, kind, arguments, first line of its standard input
    @other> list state          the same on a connection named ``other``, after ``$ connect other 127.0.0.2``
    raw> list␠state␍⏎           bytes as they are; the answer is all that comes until it is quiet
    udp> grp='a'⏎svc='s'⏎sta=1  a packet for the trap port; ``udp@127.0.0.2>`` sends it from that address
    $ wait 2                    something that the player does (player.py says what there is)
    m< text                     what only Debian's mon says, where they differ
    p< text                     what only pymon says

``⏎ ␍ ␉ ␠ ␀`` stand for line feed, carriage return, tab, blank and NUL; ``⟨ff⟩`` for any byte. In answers times are
``{time}``, dates ``{date}``, and so on: see normal.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

FOLDER = Path(__file__).with_name("transcripts")
SYMBOLS = {"⏎": "\n", "␍": "\r", "␉": "\t", "␠": " ", "␀": "\0"}
_BYTE = re.compile(r"⟨([0-9a-f]{2})⟩")
_STEP = re.compile(r"(?P<verb>raw|udp)?(?:@(?P<who>[\w.]+))?> ?(?P<text>.*)")
_LINE = re.compile(r"(?P<whose>[mp]?)(?P<line>[<!]( .*)?)")


def to_bytes(text: str) -> bytes:
    """A step's text as it is sent."""
    for symbol, meaning in SYMBOLS.items():
        text = text.replace(symbol, meaning)
    parts = _BYTE.split(text)
    return b"".join(bytes.fromhex(part) if number % 2 else part.encode() for number, part in enumerate(parts))


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``verb`` is say, raw, udp or do; ``who`` the connection, or the address a packet comes from.

    ``block`` are the lines of a file to be written. ``mon`` and ``pymon`` are the lines that follow, ``< …`` for an
    answer and ``! …`` for an alert.
    """

    verb: str
    text: str
    who: str = ""
    block: tuple[str, ...] = ()
    mon: tuple[str, ...] = ()
    pymon: tuple[str, ...] = ()

    def head(self) -> str:
        """The step itself as it is written."""
        if self.verb == "do":
            return f"$ {self.text}"
        verb = "" if self.verb == "say" else self.verb
        return f"{verb}{'@' + self.who if self.who else ''}> {self.text}"

    def render(self) -> Iterator[str]:
        """All its lines as they are written."""
        yield self.head()
        yield from (f"| {line}".rstrip() for line in self.block)
        if self.mon == self.pymon:
            yield from map(_visible, self.mon)
        else:
            yield from (f"m{_visible(line)}" for line in self.mon)
            yield from (f"p{_visible(line)}" for line in self.pymon)


def _visible(line: str) -> str:
    line = line.rstrip("\n")
    return f"{line[:-1]}␠" if line.endswith(" ") and len(line) > 2 else line.rstrip()


@dataclass(frozen=True, slots=True)
class Scenario:
    """Some steps that belong together, and the part of mon.cf they need."""

    name: str
    about: str
    differs: tuple[str, ...] = ()
    config: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    def render(self) -> Iterator[str]:
        """The scenario as it is written."""
        yield f"@scenario {self.name}: {self.about}"
        if self.differs:
            yield f"@differs {' '.join(self.differs)}"
        if self.config:
            yield "@cf"
            yield from self.config
        yield "@play"
        for step in self.steps:
            yield from step.render()


@dataclass(frozen=True, slots=True)
class Transcript:
    """One file: what the daemon is started with, and the scenarios."""

    name: str
    site: tuple[str, ...] = ()
    auth: tuple[str, ...] | None = None
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    scenarios: tuple[Scenario, ...] = ()

    def render(self) -> str:
        """The file's text."""
        parts: list[Iterable[str]] = [self.comments]
        parts += [["@site", *self.site]] if self.site else []
        parts += [["@auth", *self.auth]] if self.auth is not None else []
        parts += [[f"@file {name}", *lines] for name, lines in self.files.items()]
        parts += [[f"@options {' '.join(self.options)}"]] if self.options else []
        parts += [scenario.render() for scenario in self.scenarios]
        return "\n\n".join("\n".join(part) for part in parts) + "\n"


def read_all(folder: Path = FOLDER) -> list[Transcript]:
    """Every transcript of the folder."""
    return [parse(path.stem, path.read_text()) for path in sorted(folder.glob("*.txt"))]


def parse(name: str, text: str) -> Transcript:
    """Read a transcript; raises ValueError with the line's number for what is not one."""
    return _Parser(name, text).parse()


class _Parser:
    def __init__(self, name: str, text: str) -> None:
        self.transcript = Transcript(name)
        self.lines = text.splitlines()
        self.at = 0

    def parse(self) -> Transcript:
        comments = self._section()
        scenarios: list[Scenario] = []
        files: dict[str, tuple[str, ...]] = {}
        fields: dict[str, tuple[str, ...]] = {}
        while self.at < len(self.lines):
            number, head = self.at + 1, self.lines[self.at]
            self.at += 1
            keyword, _, rest = head.removeprefix("@").partition(" ")
            match keyword:
                case "site" | "auth":
                    fields[keyword] = self._section()
                case "file":
                    files[rest] = self._section()
                case "options":
                    fields["options"] = tuple(rest.split())
                    self._section()
                case "scenario":
                    scenario_name, _, about = rest.partition(": ")
                    scenarios.append(Scenario(scenario_name, about))
                    self._section()
                case "differs":
                    scenarios[-1] = replace(scenarios[-1], differs=tuple(rest.split()))
                    self._section()
                case "cf":
                    scenarios[-1] = replace(scenarios[-1], config=self._section())
                case "play":
                    steps = _steps(self._section(), number)
                    scenarios[-1] = replace(scenarios[-1], steps=tuple(steps))
                case _:
                    raise ValueError(f"{self.transcript.name}, line {number}: no such section: {head}")
        return Transcript(
            self.transcript.name,
            fields.get("site", ()),
            fields.get("auth"),
            files,
            fields.get("options", ()),
            comments,
            tuple(scenarios),
        )

    def _section(self) -> tuple[str, ...]:
        """The lines up to the next section, without blank ones at the end."""
        found: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            # A command on a connection of its own begins like a section.
            if line.startswith("@") and not re.match(r"@[\w.]+> ", line):
                break
            found.append(line)
            self.at += 1
        while found and not found[-1].strip():
            found.pop()
        return tuple(found)


def _steps(lines: Iterable[str], first: int) -> list[Step]:
    steps: list[Step] = []
    for number, line in enumerate(lines, first + 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("$ "):
            steps.append(Step("do", line[2:]))
        elif line.startswith("|") and steps:
            steps[-1] = replace(steps[-1], block=(*steps[-1].block, line[2:]))
        elif (answer := _LINE.fullmatch(line)) and steps:
            steps[-1] = _with_line(steps[-1], answer["whose"], answer["line"].replace("␠", " "))
        elif step := _STEP.fullmatch(line):
            steps.append(Step(step["verb"] or "say", step["text"], step["who"] or ""))
        else:
            raise ValueError(f"line {number}: neither a step nor an answer: {line}")
    return steps


def _with_line(step: Step, whose: str, line: str) -> Step:
    if whose != "p":
        step = replace(step, mon=(*step.mon, line))
    if whose != "m":
        step = replace(step, pymon=(*step.pymon, line))
    return step
