"""Answers made comparable between two daemons and two runs: no clock, no folders, no process ids, no random order."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.differential.records import Call

NEAR = 3 * 86400.0
"""seconds around now within which a number of ten digits is taken for a time"""
_EPOCH = re.compile(r"(?:(?<![\d.])|(?<=\\20))(\d{10})(?:\.\d+)?(?![\d.])")
_DATE = re.compile(r"\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\b")
_ESCAPED_DATE = re.compile(r"[A-Z][a-z]{2}\\20[A-Z][a-z]{2}\\20(?:\\20\d|\d\d)\\20\d\d:\d\d:\d\d\\20\d{4}\b")
_FIGURE = re.compile(r"\b(timer|trap_timer|failure_duration|monitor_duration)=\d+(?:\.\d+)?")
_TABLE = re.compile(r"HASH\(0x[0-9a-f]+\)")
_OUTAGE = re.compile(r"^(\{time\} \S+ \S+ \{time\}) \d+ (?=\d)")
_EXCLUDED = re.compile(r"\bexclude_hosts=(\S+)")
_ODD = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\udc80-\udcff]")
"""bytes that no editor shows"""
_SHELL_OWN = frozenset({"PWD", "OLDPWD", "SHLVL", "_"})
_PYMON_OWN = frozenset({"MON_CHECK"})
"""what alerts have under pymon besides (R-broken)"""

_UNSORTED = frozenset({"alerthist", "failurehist", "dtlog", "state", "group", "views", "aliases", "aliasgroups"})


@dataclass(frozen=True, slots=True)
class Normal:
    """What to replace for one daemon: its folder, its process id and its port."""

    rig: str
    pid: int
    port: int
    hostname: str
    base_environ: Mapping[str, str]

    def text(self, text: str) -> str:
        """A line without what differs from run to run."""
        text = _ESCAPED_DATE.sub("{date}", _DATE.sub("{date}", text.replace(self.rig, "{rig}")))
        text = _FIGURE.sub(r"\1={n}", _EPOCH.sub(_time_or_not, text))
        text = _TABLE.sub("HASH({hex})", text)
        text = _OUTAGE.sub(r"\1 {n} ", text)
        text = _EXCLUDED.sub(lambda found: "exclude_hosts=" + r"\20".join(sorted(found[1].split(r"\20"))), text)
        text = re.sub(rf"\b{self.pid}@{re.escape(self.hostname)}", "{pid}@{host}", text)
        return _ODD.sub(_shown, re.sub(rf"\b{self.port}\b", "{port}", text))

    def answer(self, command: str, lines: Sequence[str]) -> list[str]:
        """The lines of one answer; in an order of their own where mon's is random."""
        found = [self.text(line) for line in lines]
        words = command.split()
        if len(words) < 2 or words[0].lower() != "list" or not found:
            return found
        data, final = found[:-1], found[-1:]
        match words[1]:
            case "pids":
                data = [re.sub(r"\d+$", "{pid}", line) for line in data]
                data = data[:1] + sorted(data[1:])
            case "aliases":
                # Each ends in an empty line.
                data = "".join(
                    sorted(re.findall(r"(?s).+?\n(?:\n|$)", "".join(f"{line}\n" for line in data)))
                ).splitlines()
            case "aliasgroups":
                data = [" ".join(sorted(line.split())) for line in data]
            case word if word not in _UNSORTED:
                data = sorted(data)
        return data + final

    def call(self, call: Call) -> dict[str, object]:
        """A whole call of an alert."""
        environ = {
            name: self.text(value)
            for name, value in call.environ.items()
            if name not in _SHELL_OWN | _PYMON_OWN and self.base_environ.get(name) != value
        }
        stdin = call.stdin.decode("utf-8", "surrogateescape")
        return {
            "argv": [self.text(word) for word in call.argv],
            "environ": environ,
            "stdin": [self.text(line) for line in stdin.split("\n")],
        }


def _time_or_not(found: re.Match[str]) -> str:
    return "{time}" if abs(int(found[1]) - time.time()) < NEAR else found[0]


def _shown(found: re.Match[str]) -> str:
    return f"⟨{ord(found[0]) & 0xFF:02x}⟩"


def brief(call: Call, text: Callable[[str], str]) -> str:
    """A call of an alert in one line: service, kind, arguments, first line of its standard input."""
    return text(f"! {call.service} {call.brief()}")
