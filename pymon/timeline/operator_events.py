"""What clients' requests, the ends of alerts, and the daemon's own life are recorded as (pure).

The facts: ``request`` and its values for an act; ``alert``, ``event``, ``period``, ``exitval``, ``cause``,
``seconds``, ``output`` (its lines) and ``decided`` (when) for an alert's outcome, ``retry`` (seconds) if it is tried
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pymon.model.depend import ServiceKey
from pymon.model.duration import format_duration
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.request import (
    Acknowledge,
    Asker,
    ClearTimers,
    LoadState,
    ReloadAuth,
    Request,
    Reset,
    SaveState,
    SetMaxkeep,
    SetOpstatus,
    SetVariable,
    StartScheduler,
    StopScheduler,
    SwitchHosts,
    SwitchService,
    SwitchWatch,
    Terminate,
    TestAlert,
    TestMonitor,
)
from pymon.model.result import Cause, CheckResult
from pymon.redaction.command_words import mask_value

LINES = 5
"""lines of an alert's output that are recorded"""
LINE_LIMIT = 400
"""characters of one"""


def of_request(request: Request, asker: Asker, now: float, refused: str = "") -> TimelineEvent | None:
    """What a request is recorded as; None for one that only looks. ``refused`` is why it was not done."""
    told = _describe(request)
    if told is None:
        return None
    text, group, service, facts = told
    if refused:
        text, facts = f"{text}: refused, {refused}", {**facts, "refused": refused}
    name = type(request).__name__
    return TimelineEvent(now, TimelineKind.OPERATOR, text, group, service, str(asker), {"request": name, **facts})


def of_host_switch(request: SwitchHosts, groups: Iterable[str], asker: Asker, now: float) -> tuple[TimelineEvent, ...]:
    """Hosts being disabled or enabled, told of in each of the groups that have them."""
    word = _enable_word(request.enable)
    facts = {"request": "SwitchHosts", "hosts": list(request.hosts), "enable": request.enable}
    text = f"{word} host {' '.join(request.hosts)}"
    return tuple(TimelineEvent(now, TimelineKind.OPERATOR, text, group, "", str(asker), facts) for group in groups)


def of_outcome(
    group: str,
    service: str,
    alert: str,
    event: str,
    result: CheckResult,
    now: float,
    *,
    decided: float,
    period: str | None = None,
    retry: float | None = None,
    given_up: str = "",
) -> TimelineEvent:
    """One attempt of an alert has ended.

    ``alert`` is the alert as mon.cf writes it. ``retry`` is in how many seconds it is tried again; ``given_up`` says
    why it is not, though that could have helped.
    """
    lines = [line[:LINE_LIMIT] for line in result.output.splitlines() if line.strip()][:LINES]
    took = format_duration(round(result.duration, 1))
    if result.is_success:
        text = f"{alert} done in {took}"
    elif result.cause is Cause.EXITED:
        text = f"{alert} failed (exit {result.exitval}) after {took}"
    else:
        text = f"{alert} failed ({result.cause}) after {took}"
    if retry is not None:
        text += f", tried again in {format_duration(retry)}"
    elif given_up:
        text += f", given up: {given_up}"
    facts: dict[str, object] = {
        "alert": alert,
        "event": event,
        "period": period,
        "exitval": result.exitval,
        "cause": result.cause.value,
        "seconds": round(result.duration, 3),
        "decided": decided,
        "output": lines,
    }
    if retry is not None:
        facts["retry"] = retry
    if lines:
        text += f": {'; '.join(lines)}"
    return TimelineEvent(now, TimelineKind.OUTCOME, text, group, service, facts=facts)


def of_lost_alert(group: str, service: str, alert: str, event: str, now: float, why: str) -> TimelineEvent:
    """An alert that was decided is not done: dropped for a newer decision, or not wanted after a restart."""
    facts = {"alert": alert, "event": event, "period": None, "dropped": why}
    return TimelineEvent(now, TimelineKind.OUTCOME, f"{alert} is not done: {why}", group, service, facts=facts)


def of_clock_set(now: float, seconds: float) -> TimelineEvent:
    """The system's clock was set by so many seconds: what was recorded before has the time that it had then."""
    by = f"{format_duration(abs(round(seconds, 1)))} ({seconds:+.1f} seconds)"
    text = f"the system's clock was put {'on' if seconds > 0 else 'back'} by {by}; all times and timers moved with it"
    return TimelineEvent(now, TimelineKind.DAEMON, text, facts={"step": seconds})


def of_hold_up(now: float, seconds: float) -> TimelineEvent:
    """The daemon could do nothing for so many seconds."""
    text = (
        f"pymon was held up for {format_duration(round(seconds, 1))}: what ran out meanwhile is not judged, "
        "checks that end badly are repeated, traps are waited for longer"
    )
    return TimelineEvent(now, TimelineKind.DAEMON, text, facts={"held_up": round(seconds, 3)})


def of_lost_trap(key: ServiceKey, now: float, seconds: float) -> TimelineEvent:
    """A trap has not come in time; it may have been lost, and is waited for once more as long (seconds)."""
    text = f"no trap came in time, but some were lost meanwhile: it is waited for once more, {format_duration(seconds)}"
    return TimelineEvent(now, TimelineKind.TRAP, text, key.group, key.service, facts={"put_off": seconds})


def of_start(now: float, services: int, watches: int, *, version: str, last_write: float = 0.0) -> TimelineEvent:
    """The daemon has started; ``last_write`` is when an earlier one wrote the record last (0: none did)."""
    away = f", after {format_duration(round(now - last_write))} without a daemon" if 0 < last_write <= now else ""
    counts = f"{services} service{'' if services == 1 else 's'} on {watches} watch{'' if watches == 1 else 'es'}"
    text = f"pymon {version} started with {counts}{away}"
    facts = {"services": services, "watches": watches, "version": version, "last_write": last_write}
    return TimelineEvent(now, TimelineKind.DAEMON, text, facts=facts)


def of_stop(now: float, why: str = "") -> TimelineEvent:
    """The daemon ends."""
    return TimelineEvent(now, TimelineKind.DAEMON, f"pymon stopped{f' ({why})' if why else ''}", facts={"why": why})


def of_reload(now: float, counts: Mapping[str, int], why: str = "") -> TimelineEvent:
    """Another configuration is in force; ``counts`` are its services by what became of them (``unchanged``, …)."""
    told = ", ".join(f"{count} {word}" for word, count in counts.items())
    text = f"configuration read again{f' ({why})' if why else ''}: {told}"
    return TimelineEvent(now, TimelineKind.DAEMON, text, facts={"services": dict(counts), "why": why})


def of_refusal(now: float, why: str, text: str) -> TimelineEvent:
    """A configuration was read and is not taken over; ``why`` it was read, ``text`` says what is wrong with it."""
    first = text.partition("\n")[0]
    return TimelineEvent(now, TimelineKind.DAEMON, f"configuration refused ({why}): {first}", facts={"why": why})


_Description = tuple[str, str, str, dict[str, object]]
"""text, group, service, facts"""


def _describe(request: Request) -> _Description | None:
    return _describe_for_service(request) or _describe_for_daemon(request)


def _describe_for_service(request: Request) -> _Description | None:
    match request:
        case Acknowledge((group, service), comment):
            return f"acknowledged: {comment}" if comment else "acknowledged", group, service, {"comment": comment}
        case SwitchService((group, service), enable):
            return f"{_enable_word(enable)} service {group} {service}", group, service, {"enable": enable}
        case SwitchWatch(group, enable):
            return f"{_enable_word(enable)} watch {group}", group, "", {"enable": enable}
        case ClearTimers((group, service)):
            return "cleared the timers", group, service, {}
        case TestMonitor((group, service)):
            return "had it checked (test monitor)", group, service, {}
        case TestAlert((group, service), kind, retval, period):
            facts: dict[str, object] = {"kind": kind.value, "retval": retval, "period": period}
            return f"had its alerts tried (test {kind}, period {period})", group, service, facts
        case SetOpstatus((group, service), status):
            word = status.name.lower()
            return f"set the status to {word}", group, service, {"status": word}
        case SetVariable((group, service), name, value):
            shown = mask_value(name, value)
            return f"set {name} to {shown!r}", group, service, {"name": name, "value": shown}
    return None


def _describe_for_daemon(request: Request) -> _Description | None:
    match request:
        case SwitchHosts(hosts, enable):
            return f"{_enable_word(enable)} host {' '.join(hosts)}", "", "", {"hosts": list(hosts), "enable": enable}
        case StopScheduler():
            return "stopped the scheduler: no checks, no alerts", "", "", {}
        case StartScheduler():
            return "started the scheduler", "", "", {}
        case Terminate():
            return "ended the daemon", "", "", {}
        case Reset(stopped, keepstate):
            words = [word for word, is_set in (("stopped", stopped), ("keepstate", keepstate)) if is_set]
            return " ".join(("reset", *words)), "", "", {"stopped": stopped, "keepstate": keepstate}
        case ReloadAuth():
            return "had the auth file read again", "", "", {}
        case SetMaxkeep(count):
            return f"set the length of the histories to {count}", "", "", {"count": count}
        case LoadState(kinds):
            return _files("loaded", kinds)
        case SaveState(kinds):
            return _files("saved", kinds)
    return None


def _files(word: str, kinds: Sequence[str]) -> _Description:
    return f"{word} state: {', '.join(kinds) or 'nothing'}", "", "", {"kinds": [str(kind) for kind in kinds]}


def _enable_word(enable: bool) -> str:
    return "enabled" if enable else "disabled"
