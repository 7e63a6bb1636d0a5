"""The events of the demo, line by line, and the state of each service: gathered from the engine's decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from pymon.model.change import StateChange
from pymon.model.depend import ServiceKey
from pymon.model.effect import Verdict
from pymon.model.result import CheckResult
from pymon.model.state import split_output
from pymon.model.status import OpStatus


class Kind(Enum):
    """The source of a line; the value is the word that stands before it."""

    DEMO = "demo"
    DOWN = "down"
    UP = "up"
    ALERT = "alert"
    HELD = "held"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class DemoLine:
    """One event; ``at`` is in seconds since the epoch."""

    at: float
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Known:
    """The result of the last check of a service. ``since`` is when its status last changed, ``took`` is in seconds."""

    status: OpStatus = OpStatus.UNTESTED
    since: float = 0.0
    checked: float = 0.0
    took: float = 0.0
    note: str = ""


class Story:
    """The events so far, and the present state of the services."""

    def __init__(self, clock: Callable[[], float], on_line: Callable[[DemoLine], None]) -> None:
        """``on_line`` is called with each new line."""
        self.lines: list[DemoLine] = []
        self.services: dict[ServiceKey, Known] = {}
        self._clock = clock
        self._on_line = on_line

    def tell(self, kind: Kind, text: str) -> None:
        """Add a line."""
        line = DemoLine(self._clock(), kind, text)
        self.lines.append(line)
        self._on_line(line)

    def observe(self, change: StateChange) -> None:
        """An observer for the engine."""
        key, state, result = change.key, change.after, change.source
        before, verdict = self.services.get(key, Known()), Verdict(state, change.effects)
        held = verdict.held[0].text if verdict.held else ""
        if isinstance(result, CheckResult):
            now = self._clock()
            changed = state.op_status is not before.status
            note = "" if result.is_success else f"{result.cause.value} with {result.exitval}: {_detail(result)}"
            self.services[key] = Known(
                state.op_status,
                now if changed else before.since,
                now,
                result.duration,
                f"no alert now: {held}" if held and not result.is_success else note,
            )
            if changed:
                self._tell_change(key, result, first=before.status is OpStatus.UNTESTED)
        for call in verdict.alerts:
            self.tell(Kind.ALERT, f"{key.group}/{key.service}: {call.command}")
        if held and state.consec_failures == 2:
            self.tell(Kind.HELD, f"{key.group}/{key.service} still fails; no alert now: {held}")

    def _tell_change(self, key: ServiceKey, result: CheckResult, *, first: bool) -> None:
        name = f"{key.group}/{key.service}"
        if result.is_success:
            self.tell(Kind.UP, f"{name} is well" if first else f"{name} is well again")
        else:
            self.tell(Kind.DOWN, f"{name} fails: {_detail(result)}")


def _detail(result: CheckResult) -> str:
    """The first line that says what was wrong; a monitor's summary alone only names hosts."""
    summary, detail = split_output(result.output)
    return next((line.strip() for line in detail.splitlines() if line.strip()), summary)
