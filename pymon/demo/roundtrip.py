"""The script of the demo: what it does next, and whether all of it happened. Pure.

    stage        ends when                                             then
    SETTLING     both services are well, both servers in the table     hold it, so that people see it
    STANDING     it was held long enough                               stop the web server
    STOPPED      its service fails, and it alone left the table        hold
    GONE         it was held long enough                               start the web server
    RETURNING    its service is well, and it stands in the table       the round trip is complete
    COMPLETE     -                                                     -
    FAILED       -                                                     ``failure`` says what did not happen

A stage that waits for something ends in FAILED when that does not come in time, or when what was reached is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Stage(Enum):
    """The stages of the round trip."""

    SETTLING = "waiting for the first checks"
    STANDING = "both web servers stand in the table"
    STOPPED = "stopped: waiting for its removal"
    GONE = "removed: clients go to the other one"
    RETURNING = "started again: waiting for its return"
    COMPLETE = "the round trip is complete"
    FAILED = "the round trip failed"


class Act(Enum):
    """An action of the demo upon the web server."""

    STOP = "stop"
    START = "start"


@dataclass(frozen=True, slots=True)
class Pace:
    """``hold``: seconds that a state is left standing for people to see. ``limit``: seconds to wait for a change."""

    hold: float
    limit: float


@dataclass(frozen=True, slots=True)
class Sight:
    """The situation at one moment: names of web servers, by the table and by their checks."""

    in_table: frozenset[str]
    well: frozenset[str]
    failing: frozenset[str]


@dataclass(frozen=True, slots=True)
class Trip:
    """The round trip of the server ``victim`` among ``servers``; ``since`` is when the stage began."""

    servers: frozenset[str]
    victim: str
    pace: Pace
    since: float
    stage: Stage = Stage.SETTLING
    failure: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.stage in (Stage.COMPLETE, Stage.FAILED)


def advance(trip: Trip, sight: Sight, now: float) -> tuple[Trip, Act | None]:
    """Return the next state of the trip, and what to do."""
    if trip.is_over:
        return trip, None
    held = now - trip.since >= trip.pace.hold
    late = now - trip.since > trip.pace.limit
    all_in = sight.in_table >= trip.servers
    out = trip.servers - sight.in_table == {trip.victim}
    match trip.stage:
        case Stage.SETTLING if all_in and sight.well >= trip.servers:
            return _enter(trip, Stage.STANDING, now), None
        case Stage.SETTLING if late:
            return _fail(trip, sight, now, "the web servers were not all found well"), None
        case Stage.STANDING if not all_in:
            return _fail(trip, sight, now, "a web server left the table although nobody stopped it"), None
        case Stage.STANDING if held:
            return _enter(trip, Stage.STOPPED, now), Act.STOP
        case Stage.STOPPED if out and trip.victim in sight.failing:
            return _enter(trip, Stage.GONE, now), None
        case Stage.STOPPED if late:
            return _fail(trip, sight, now, f"{trip.victim} was stopped, but not removed from the table"), None
        case Stage.GONE if not out:
            return _fail(trip, sight, now, f"{trip.victim} alone should be out of the table while it is down"), None
        case Stage.GONE if held:
            return _enter(trip, Stage.RETURNING, now), Act.START
        case Stage.RETURNING if all_in and trip.victim in sight.well:
            return _enter(trip, Stage.COMPLETE, now), None
        case Stage.RETURNING if late:
            return _fail(trip, sight, now, f"{trip.victim} came back, but not into the table"), None
    return trip, None


def _enter(trip: Trip, stage: Stage, now: float) -> Trip:
    return replace(trip, stage=stage, since=now)


def _fail(trip: Trip, sight: Sight, now: float, what: str) -> Trip:
    seen = f"in the table: {_names(sight.in_table)}; well: {_names(sight.well)}; failing: {_names(sight.failing)}"
    failure = f"{what} ({now - trip.since:.1f} s after: {trip.stage.value}). {seen}"
    return replace(trip, stage=Stage.FAILED, since=now, failure=failure)


def _names(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"
