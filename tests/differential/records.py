"""What the scripted plugins recorded, read back and made comparable between two daemons.

Two runs never agree on the clock, on folders or on process ids. So folders become ``{rig}``, and each time becomes the
number of the step whose result was the last that the daemon had taken in. A daemon takes a result in between the end of
its step and the beginning of the service's next, and that one ends in a later second than it began (see ``script``). So
what was noted in a second belongs to the last step that had ended by then, however long the daemon took for it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TIME_VARIABLES = ("MON_LAST_FAILURE", "MON_FIRST_FAILURE", "MON_LAST_SUCCESS", "MON_FIRST_SUCCESS")
_DATE = re.compile(r"\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\b")
"""the date in the text of a trap's timeout"""
_KIND_OPTIONS = frozenset({"-u", "-a", "-D", "-T", "-O"})
_COMMANDED = frozenset({"ack", "disable", "test"})
"""kinds of event that come from commands and not from results"""
_SHELL_OWN = frozenset({"PWD", "OLDPWD", "SHLVL", "_"})
_PYMON_OWN = frozenset({"PYMON_MEASUREMENTS", "MON_CHECK"})
"""what monitors (M-measure) and alerts (R-broken) have under pymon besides"""


@dataclass(frozen=True, slots=True)
class Call:
    """One recorded call of a plugin: its argument list (argv[0] is the file), environment and standard input."""

    argv: tuple[str, ...]
    environ: Mapping[str, str]
    stdin: bytes = b""

    @property
    def service(self) -> str:
        """``group/service``."""
        return f"{self.environ['MON_GROUP']}/{self.environ['MON_SERVICE']}"

    @property
    def epoch(self) -> int:
        """The time that ``-t`` carries."""
        return int(self.argv[self.argv.index("-t") + 1])

    @property
    def extra(self) -> tuple[str, ...]:
        """The arguments from the configuration: what follows ``-t EPOCH`` and the option of the kind."""
        rest = self.argv[self.argv.index("-t") + 2 :]
        return rest[1:] if rest and rest[0] in _KIND_OPTIONS else rest

    def brief(self) -> str:
        """``KIND ARGS < FIRST-LINE-OF-STDIN``, as the expectations of the scenarios are written."""
        kind = self.environ.get("MON_ALERTTYPE", "?")
        first = self.stdin.partition(b"\n")[0].decode("utf-8", "backslashreplace")
        words = [kind, *self.extra]
        return " ".join(words) + (f" < {first}" if first else "")


@dataclass(frozen=True, slots=True)
class Timeline:
    """When the steps of one service ended, in seconds since the epoch; step 1 comes first."""

    ends: tuple[float, ...]

    def number_at(self, time: int) -> int:
        """The number of the step whose result was the last one known at a (whole) second; 0 before the first."""
        return sum(1 for end in self.ends if math.floor(end) <= time)

    def step_at(self, time: int) -> str:
        """``number_at`` in words: ``step 3``, or ``start``."""
        number = self.number_at(time)
        return f"step {number}" if number else "start"


@dataclass(slots=True)
class Recording:
    """Everything one daemon did with the scripts of a run.

    ``alerts`` are the calls of alerts by ``group/service`` in the order of their time; ``runs`` the monitor's calls,
    one for each step; ``exit_status`` what the daemon ended with on SIGTERM; ``errors`` its standard error.
    """

    rig: str
    base_environ: Mapping[str, str]
    alerts: dict[str, list[Call]] = field(default_factory=dict)
    runs: dict[str, list[Call]] = field(default_factory=dict)
    timelines: dict[str, Timeline] = field(default_factory=dict)
    exit_status: int | None = None
    errors: str = ""
    history: str = ""
    downtime: str = ""

    def briefs(self, service: str) -> list[str]:
        """The alerts of a service in short, in order; those of one event sorted, for mon's order there is random."""
        return [call.brief().replace(self.rig, "{rig}") for call in self._ordered(service)]

    def normal_alerts(self, service: str) -> list[dict[str, object]]:
        """The alerts of a service in full, comparable between daemons, ordered as ``briefs``."""
        return [self._normal(service, call) for call in self._ordered(service)]

    def _ordered(self, service: str) -> list[Call]:
        timeline = self.timelines.get(service, Timeline(()))

        def order(call: Call) -> tuple[int, bool, str]:
            # The first result can come in the second of the startup; commands come after the result before them.
            kind = call.environ.get("MON_ALERTTYPE", "")
            number = 0 if kind == "startup" else timeline.number_at(call.epoch)
            return (number, kind in _COMMANDED, call.brief())

        return sorted(self.alerts.get(service, ()), key=order)

    def normal_runs(self, service: str) -> list[dict[str, object]]:
        """The monitor's calls in full, comparable between daemons."""
        return [self._normal(service, call) for call in self.runs.get(service, ())]

    def _normal(self, service: str, call: Call) -> dict[str, object]:
        timeline = self.timelines.get(service, Timeline(()))
        argv = [word.replace(self.rig, "{rig}") for word in call.argv]
        if "-t" in argv[:-1]:
            place = argv.index("-t") + 1
            # A startup can fall into the second of the first result.
            is_startup = call.environ.get("MON_ALERTTYPE") == "startup"
            argv[place] = "start" if is_startup else timeline.step_at(int(argv[place]))
        environ = {
            name: _DATE.sub("{date}", value.replace(self.rig, "{rig}"))
            for name, value in call.environ.items()
            if name not in _SHELL_OWN | _PYMON_OWN and self.base_environ.get(name) != value
        }
        for name in TIME_VARIABLES:
            if environ.get(name, "0") not in ("", "0"):
                environ[name] = timeline.step_at(int(environ[name]))
        return {"argv": argv, "environ": environ, "stdin": _DATE.sub("{date}", _text(call.stdin))}


def read_recording(rig: Path, base_environ: Mapping[str, str], services: Iterable[str]) -> Recording:
    """Read all that the plugins wrote below ``rig``; ``services`` are the ``group/service`` that have scripts."""
    recording = Recording(str(rig), base_environ)
    for folder in sorted((rig / "alerts").iterdir()):
        if folder.name.startswith("."):
            continue
        call = _read_call(folder / "argv", folder / "environ", folder / "stdin")
        recording.alerts.setdefault(call.service, []).append(call)
    for service in services:
        folder = rig / "script" / service
        ends: list[float] = []
        runs: list[Call] = []
        while (folder / f"{len(ends) + 1}.end").exists():
            number = len(ends) + 1
            ends.append((folder / f"{number}.end").stat().st_mtime)
            runs.append(_read_call(folder / f"{number}.argv", folder / f"{number}.environ"))
        recording.timelines[service] = Timeline(tuple(ends))
        recording.runs[service] = runs
    recording.history = _log(rig / "log/history.log")
    recording.downtime = _log(rig / "log/downtime.log")
    return recording


def _log(path: Path) -> str:
    return _text(path.read_bytes()) if path.exists() else ""


def _read_call(argv: Path, environ: Path, stdin: Path | None = None) -> Call:
    # A script's own argument list begins with its interpreter.
    words = tuple(_text(word) for word in argv.read_bytes().split(b"\0")[1:-1])
    pairs = (_text(entry).partition("=") for entry in environ.read_bytes().split(b"\0") if entry)
    variables = {name: value for name, _, value in pairs}
    return Call(words, variables, stdin.read_bytes() if stdin else b"")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def differences(ours: Sequence[Mapping[str, object]], theirs: Sequence[Mapping[str, object]]) -> list[str]:
    """What is not the same in two sequences of normal calls, in lines that say where; empty if they are the same."""
    found = [] if len(ours) == len(theirs) else [f"{len(ours)} calls by pymon, {len(theirs)} by mon"]
    for number, (our, their) in enumerate(zip(ours, theirs, strict=False), 1):
        for field_name in our:
            one, other = our[field_name], their[field_name]
            if isinstance(one, Mapping) and isinstance(other, Mapping):
                names = sorted({*one, *other})
                pairs = [(f"{field_name} {name}", one.get(name), other.get(name)) for name in names]
            else:
                pairs = [(field_name, one, other)]
            found += [f"call {number}, {name}: pymon {a!r}, mon {b!r}" for name, a, b in pairs if a != b]
    return found


def matches(briefs: Sequence[str], expected: Sequence[str]) -> bool:
    """Whether calls in short are those expected; an expected one that ends in an ellipsis tells the beginning only."""
    return len(briefs) == len(expected) and all(
        brief.startswith(text[:-1]) if text.endswith("…") else brief == text
        for brief, text in zip(briefs, expected, strict=True)
    )
