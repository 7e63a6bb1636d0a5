"""A daemon that is killed again and again while clients talk to it, and what must not be lost by that.

Each round starts the real daemon on the same statedir, talks to it over TCP and UDP for a random while, and kills it
by SIGKILL at a random moment, be it in the middle of an answer. What a client was told before is then held against
what the next daemon says.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench import kill_site
from bench.kill_site import HOSTS, QUIET, SERVICES, WATCHES


class Cut(Exception):
    """The daemon was killed before it answered."""


@dataclass(slots=True)
class Told:
    """What clients were told, and must find again.

    ``disabled`` are lines of ``list disabled`` without their order; ``unanswered`` is a command whose end nobody saw.
    ``counts`` only ever grow; ``quiet`` are the status lines of services that nothing else changes.
    """

    alert_lines: set[str] = field(default_factory=set)
    failure_lines: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    disabled: frozenset[str] | None = None
    is_stopped: bool | None = None
    acks: dict[str, str] = field(default_factory=dict)
    quiet: dict[str, str] = field(default_factory=dict)
    events: dict[str, set[tuple[float, str]]] = field(default_factory=dict)
    unanswered: str = ""


@dataclass(slots=True)
class Figures:
    """What a play came to."""

    rounds: int = 0
    answers: int = 0
    cut_off: int = 0
    compared: int = 0
    alerts: int = 0
    unsure: int = 0
    starts: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


class Play:
    """One statedir, and the daemons that come and go on it."""

    def __init__(self, here: Path, seed: int) -> None:
        self.here = here
        self.chance = random.Random(seed)
        self.told = Told()
        self.figures = Figures()
        self.port = kill_site.make(here)
        self._nursery: subprocess.Popen[str] | None = None
        self._talk: socket.socket | None = None
        self._kill_at = float("inf")
        self._pid = 0
        self._traps = 0

    def run(self, rounds: int) -> Figures:
        """So many kills, and a last daemon that ends in peace; what was lost is in the figures."""
        with self._nursed():
            for _ in range(rounds):
                self._round()
            self._begin()
            self._compare()
            self._say("start")
            time.sleep(0.5)
            self._look()
            self._end(signal.SIGTERM)
        self._count_alerts()
        return self.figures

    def _round(self) -> None:
        self.figures.rounds += 1
        self._begin()
        try:
            self._compare()
            self._kill_at = time.monotonic() + self.chance.uniform(0.0, 0.8)
            while True:
                self._act()
        except Cut:
            self.figures.cut_off += 1
        self._end(signal.SIGKILL)

    # The daemon

    @contextmanager
    def _nursed(self) -> Iterator[None]:
        command = [sys.executable, "-c", kill_site.NURSERY, str(self.here / "mon.cf"), str(self.here / "errors")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as nursery:
            self._nursery = nursery
            try:
                yield
            finally:
                self._kill_at = float("inf")
                if self._pid:
                    with suppress(ProcessLookupError):
                        os.kill(self._pid, signal.SIGKILL)
                assert nursery.stdin is not None
                nursery.stdin.close()

    def _begin(self) -> None:
        began = time.monotonic()
        self._pid = int(self._nursery_says("go\n"))
        while True:
            try:
                self._talk = socket.create_connection(("127.0.0.1", self.port), timeout=20)
                self._say("servertime")
                break
            except (OSError, Cut):
                if time.monotonic() - began > 20:
                    raise RuntimeError(
                        f"the daemon does not start: {(self.here / 'errors').read_text()[-2000:]}"
                    ) from None
                time.sleep(0.01)
        self.figures.starts.append(time.monotonic() - began)

    def _end(self, number: signal.Signals) -> None:
        self._kill_at = float("inf")
        if self._talk is not None:
            self._talk.close()
            self._talk = None
        with suppress(ProcessLookupError):
            os.kill(self._pid, number)
        said = self._nursery_says("")
        self._pid = 0
        if said != f"ended {0 if number is signal.SIGTERM else -int(number)}":
            self.figures.lost.append(f"the daemon {said}")

    def _nursery_says(self, text: str) -> str:
        assert self._nursery is not None
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        if text:
            self._nursery.stdin.write(text)
            self._nursery.stdin.flush()
        return self._nursery.stdout.readline().strip()

    # Talk

    def _say(self, command: str) -> list[str]:
        """The lines of the answer; raises Cut if the daemon was killed before all of it came."""
        assert self._talk is not None
        try:
            self._talk.sendall(command.encode() + b"\n")
            data = b""
            while not re.search(rb"^[0-9]{3} .*\n\Z", data, re.MULTILINE):
                left = self._kill_at - time.monotonic()
                if left <= 0:
                    os.kill(self._pid, signal.SIGKILL)
                    self._kill_at = float("inf")
                self._talk.settimeout(20.0 if left == float("inf") else max(left, 0.0001))
                try:
                    more = self._talk.recv(1 << 20)
                except TimeoutError:
                    if left == float("inf"):
                        raise RuntimeError(f"no answer to {command}") from None
                    continue
                if not more:
                    raise Cut(command)
                data += more
        except ConnectionError:
            raise Cut(command) from None
        self.figures.answers += 1
        return data.decode().splitlines()

    def _act(self) -> None:
        """One random thing that a client may do, or see."""
        act = self.chance.choice((self._look, self._look, self._switch, self._switch, self._ack, self._trap, self._set))
        act()
        if time.monotonic() >= self._kill_at:
            os.kill(self._pid, signal.SIGKILL)
            raise Cut("between two commands")

    def _change(self, command: str) -> bool:
        """Something that changes what is compared: until it is answered nobody knows whether it was done."""
        self.told.unanswered = command
        final = self._say(command)[-1]
        self.told.unanswered = ""
        return final.startswith("220")

    def _switch(self) -> None:
        word = self.chance.choice(("disable", "enable", "enable"))
        what = self.chance.choice(
            [f"watch {watch}" for watch in WATCHES]
            + [f"service {service}" for service in SERVICES]
            + [f"host {host}" for host in HOSTS]
        )
        if self.chance.random() < 0.05:
            stop = self.chance.random() < 0.5
            self.told.is_stopped = None
            if self._change("stop" if stop else "start"):
                self.told.is_stopped = stop
            return
        self.told.disabled = None
        self._change(f"{word} {what}")
        self.told.disabled = self._disabled()

    def _disabled(self) -> frozenset[str]:
        items: set[str] = set()
        for line in self._say("list disabled")[:-1]:
            kind, _, rest = line.partition(":")
            items |= {f"{kind} {host}" for host in rest.split()} if rest else {line}
        return frozenset(items)

    def _ack(self) -> None:
        service = self.chance.choice(("web down", *QUIET))
        self.told.acks.pop(service, None)
        self.told.quiet.pop(service, None)
        if self._change(f"ack {service} 'number\\20{self.chance.randrange(10**9)}'"):
            self._see_status()

    def _trap(self) -> None:
        service = self.chance.choice(QUIET)
        self.told.quiet.pop(service, None)
        self.told.acks.pop(service, None)
        self._traps += 1
        group, name = service.split()
        sta = self.chance.choice("1110")
        packet = f"pro='0.3807'\ngrp='{group}'\nsvc='{name}'\nsta='{sta}'\nsum='trap\\20{self._traps}'\ndtl='d'\n"
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            sender.sendto(packet.encode(), ("127.0.0.1", self.port))
        for _ in range(self.chance.randrange(2)):
            self._see_status()

    def _set(self) -> None:
        service = self.chance.choice(QUIET)
        self.told.quiet.pop(service, None)
        self._change(f"set {service} _alert_count {self.chance.randrange(1000)}")
        self._see_status()

    def _look(self) -> None:
        look = self.chance.choice((self._see_status, self._see_histories, self._see_events, self._see_counts))
        look()

    # What is seen

    def _see_status(self) -> None:
        self._say("servertime")  # a trap on its way has come when the next answer is made
        for line in self._say("list opstatus")[:-1]:
            fields = dict(pair.partition("=")[::2] for pair in line.split(" "))
            service = f"{fields['group']} {fields['service']}"
            for name in ("last_check", "last_failure") if service == "web down" else ("last_check",):
                self._count(f"{service} {name}", int(fields.get(name) or 0))
            if service in QUIET:
                self.told.quiet[service] = " ".join(
                    f"{name}={value}" for name, value in fields.items() if name not in ("timer", "failure_duration")
                )
            if service == "web down" and fields["ack"] != "0":
                self.told.acks[service] = f"{fields['ack']} {fields['ackcomment']}"

    def _see_histories(self) -> None:
        self.told.alert_lines |= set(self._say("list alerthist")[:-1])
        self.told.failure_lines |= set(self._say("list failurehist")[:-1])

    def _see_counts(self) -> None:
        for service in ("web flap", "web down", "db flap"):
            for name in ("_failure_count", "_alert_count"):
                value = self._say(f"get {service} {name}")[0].rpartition("=")[2].strip("'")
                self._count(f"{service} {name}", int(value))

    def _see_events(self) -> None:
        service = self.chance.choice(SERVICES)
        self.told.events[service] = self._events(service)

    def _events(self, service: str) -> set[tuple[float, str]]:
        lines = self._say(f"json why {service}")
        return {(float(event["at"]), str(event["kind"])) for event in json.loads(lines[0])}

    def _count(self, name: str, value: int) -> None:
        before = self.told.counts.get(name, 0)
        if value < before:
            self.figures.lost.append(f"{name} was {before}, and is {value}")
        self.told.counts[name] = max(before, value)

    # What is compared

    def _compare(self) -> None:
        """Hold what the last daemon told against what this one says."""
        told, self.told = self.told, Told()
        self.told.counts = told.counts  # which compare themselves
        self.told.alert_lines, self.told.failure_lines = told.alert_lines, told.failure_lines
        disabled = self._disabled()
        if told.disabled is not None:
            self._expect("disabled", told.disabled, disabled)
        is_stopped = self._say("list state")[0].startswith("scheduler stopped")
        if told.is_stopped is not None:
            self._expect("scheduler", told.is_stopped, is_stopped)
        self.told.disabled, self.told.is_stopped = disabled, is_stopped
        self._see_status()
        for service, line in told.quiet.items():
            self._expect(f"status of {service}", line, self.told.quiet.get(service))
        for service, ack in told.acks.items():
            self._expect(f"acknowledgement of {service}", ack, self.told.acks.get(service))
        self._see_counts()
        alerts, failures = set(self._say("list alerthist")[:-1]), set(self._say("list failurehist")[:-1])
        self._expect("alert history", set(), told.alert_lines - alerts)
        self._expect("failure history", set(), told.failure_lines - failures)
        for service, events in told.events.items():
            found = self._events(service)
            oldest = min(found)[0]  # an answer holds the newest only
            self._expect(f"events of {service}", set(), {event for event in events - found if event[0] > oldest})

    def _expect(self, what: str, told: object, found: object) -> None:
        self.figures.compared += 1
        if told != found:
            self.figures.lost.append(f"round {self.figures.rounds}: {what}: told {told!r}, found {found!r}")

    def _count_alerts(self) -> None:
        """Each alert was launched, once; of some nobody can know, and the log says so."""
        calls = (self.here / "calls").read_text().splitlines()
        messages = [
            json.loads(line)["message"]
            for line in (self.here / "errors").read_text().splitlines()
            if line.startswith("{")
        ]
        unsure = sum("nobody knows whether it arrived" in message for message in messages)
        kinds = {"alert": "failure", "upalert": "up", "trapalert": "trap"}
        wanted: list[str] = []
        for line in self.told.alert_lines:
            found = re.fullmatch(r"(\w+) (\S+) (\S+) \d+ \S+ \(\) (.*)", _decoded(line))
            assert found is not None
            wanted.append(f"{kinds[found[1]]} {found[2]} {found[3]} {found[4]}")
        self.figures.alerts, self.figures.unsure = len(calls), unsure
        missing = [each for each in wanted if each not in set(calls)]
        if len(missing) > unsure:
            self.figures.lost.append(
                f"{len(missing)} alerts were not launched, {unsure} of which the log tells: {missing[:5]}"
            )
        repeated = {call for call in calls if " down " not in call and calls.count(call) > 1}
        if repeated:
            self.figures.lost.append(f"launched twice: {sorted(repeated)[:5]}")


def _decoded(line: str) -> str:
    return re.sub(r"\\([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), line)
