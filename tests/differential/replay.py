"""Replay a scenario through pymon's rules alone: no processes, no clock, only ``pymon.core`` and the alert's call.

For scenarios whose commands travel by the client protocol this shows that the rules behind the commands are mon's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pymon.config.loader import load
from pymon.contract.alert_call import alert_invocation
from pymon.core import events
from pymon.core.context import SiteContext
from pymon.local_time import local_time
from pymon.model.depend import ServiceKey
from pymon.model.effect import AlertCall, Verdict
from pymon.model.result import CheckResult
from pymon.model.service import AlertKind
from pymon.model.site import Site
from pymon.model.state import ServiceState
from tests.differential.records import Call, Recording, Timeline
from tests.differential.scenario import Scenario
from tests.differential.script import Step

START = 1_800_000_000.0
STEP = 3.0
"""seconds from step to step, as under mon"""


@dataclass(slots=True)
class Replay:
    """One site, its states, and the alerts that were decided so far."""

    site: Site
    now: float = START
    states: dict[ServiceKey, ServiceState] = field(default_factory=dict)
    disabled_watches: set[str] = field(default_factory=set)
    disabled_services: set[ServiceKey] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.states = {key: ServiceState() for key in self.site.services}

    def start(self) -> None:
        """The daemon's start."""
        for key, service in self.site.services.items():
            self._apply(key, events.startup(service, self.states[key], self.now, self._context()))

    def step(self, key: ServiceKey, step: Step) -> None:
        """The commands of a step, then its result."""
        self.now += STEP + step.pause
        for command in step.commands:
            self._command(key, command.format(g=key.group, s=key.service).split())
            self.now += STEP
        output = (step.output + step.errors).decode("utf-8", "surrogateescape")
        self.ends.append(self.now)
        result = CheckResult(step.exit or (128 + step.signal if step.signal else 0), output)
        self._apply(key, events.observe(self.site.services[key], self.states[key], result, self.now, self._context()))

    def _command(self, key: ServiceKey, words: list[str]) -> None:
        service, state, context = self.site.services[key], self.states[key], self._context()
        match words:
            case ["ack", _, _, comment]:
                # A refused command changes nothing.
                if events.is_acknowledgeable(state):
                    self._apply(key, events.acknowledge(service, state, "", comment, self.now, context))
            case ["disable", "service", _, _]:
                self._apply(key, events.disable(service, state, "", self.now, context))
                self.disabled_services.add(key)
            case ["disable", "watch", _]:
                self._apply(key, events.disable(service, state, "", self.now, context))
                self.disabled_watches.add(key.group)
            case ["enable", "service", _, _]:
                self.disabled_services.discard(key)
            case ["enable", "watch", _]:
                self.disabled_watches.discard(key.group)
            case ["test", kind, _, _, retval, period]:
                verdict = events.test_alert(service, state, AlertKind(kind), int(retval), period, self.now, context)
                self._apply(key, verdict)
            case _:
                raise ValueError(f"no such command: {words}")

    def _apply(self, key: ServiceKey, verdict: Verdict) -> None:
        self.states[key] = verdict.state
        self.calls += [self._call(call) for call in verdict.alerts]

    def _call(self, call: AlertCall) -> Call:
        service = self.site.services[call.key]
        made = alert_invocation(call, service, call.command.name, ("h1", "h2"), self.site.settings, _NOTHING)
        return Call((made.path, *made.arguments), made.environ, made.stdin.encode("utf-8", "surrogateescape"))

    def _context(self) -> SiteContext:
        return SiteContext(
            self.site.services,
            self.states,
            self.disabled_watches,
            self.disabled_services,
            settings=self.site.settings,
            started=START,
            local_time=local_time,
        )


_NOTHING: Mapping[str, str] = {}


def replay(scenario: Scenario, file: Path) -> Recording:
    """Replay a scenario of one service; ``file`` is where its mon.cf is written."""
    file.write_text(scenario.text())
    run = Replay(load(file).site)
    run.start()
    (part,) = scenario.parts
    key = ServiceKey(scenario.name, part.name)
    for step in part.steps:
        run.step(key, step)
    service = f"{key.group}/{key.service}"
    return Recording(str(file.parent), {}, {service: run.calls}, {}, {service: Timeline(tuple(run.ends))})
