"""The one place that performs what a decision asked for, in the order given."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from pymon.alert.launch import Launcher
from pymon.contract.alert_call import alert_invocation, history_line
from pymon.engine.downtime import DowntimeLog
from pymon.engine.history import History
from pymon.engine.state import SiteState
from pymon.model.depend import ServiceKey
from pymon.model.effect import AlertCall, DowntimeRecorded, Effect, FailureRecorded, Noticed, Suppressed
from pymon.model.log_level import ALERT, SUPPRESSED
from pymon.model.service import Service
from pymon.model.settings import Settings

log = logging.getLogger("pymon.engine")


class Effects:
    """Launches alerts, keeps the histories, and writes the log."""

    def __init__(self, launcher: Launcher, history: History, downtime: DowntimeLog, environ: Mapping[str, str]) -> None:
        """``environ`` is the environment that every alert starts from."""
        self._launcher = launcher
        self._history = history
        self._downtime = downtime
        self._environ = environ

    def perform(self, effects: Sequence[Effect], service: Service, state: SiteState) -> None:
        """Do what one decision about ``service`` asked for; returns at once, alerts run in the background."""
        for effect in effects:
            match effect:
                case AlertCall():
                    self._call_alert(effect, service, state)
                case FailureRecorded(key, at, summary, broken):
                    line = f"{key.group} {key.service} {int(at)} {summary}"
                    self._history.failure(line)
                    what, word = ("broken check of", "broken") if broken else ("failure for", "failure")
                    log.critical("%s %s", what, line, extra=_log_facts(key, word))
                case DowntimeRecorded():
                    self._downtime.record(effect)
                case Suppressed(key, event, held, _):
                    _log_suppressed(key, event, held)
                case Noticed(key, text):
                    log.warning("%s/%s: %s", key.group, key.service, text, extra=_log_facts(key, "notice"))

    def _call_alert(self, call: AlertCall, service: Service, state: SiteState) -> None:
        file, settings = state.programs.alerts.get(call.command.name), state.site.settings
        word = call.history_word or call.event.value
        if file is None:
            log.error(
                "no alert %r in alertdir for %s/%s", call.command.name, *call.key, extra=_log_facts(call.key, word)
            )
            return
        if call.history_word is not None:
            self._history.alert(history_line(call, file.path))
        log.log(
            ALERT,
            "calling %s %s for %s/%s (%s,%s) %s",
            word,
            call.command.name,
            *call.key,
            file.path,
            call.command.shown_arguments,
            call.output.partition("\n")[0],
            extra=_log_facts(call.key, word),
        )
        hosts = state.hosts(service.group)
        invocation = alert_invocation(call, service, file.path, hosts, settings, self._environ)
        self._launcher.launch(call, invocation, file, inprocess=is_inprocess_wanted(service, settings))


def is_inprocess_wanted(service: Service, settings: Settings) -> bool:
    """Whether a service's plugins may run inside the daemon: its own ``inprocess``, else the global one."""
    return settings.inprocess if service.inprocess is None else service.inprocess


def _log_suppressed(key: ServiceKey, event: str, held: Sequence[object]) -> None:
    if log.isEnabledFor(SUPPRESSED):
        for reason in held:
            log.log(SUPPRESSED, "%s/%s %s: not alerted: %s", *key, event, reason, extra=_log_facts(key, event))


def _log_facts(key: ServiceKey, event: str) -> dict[str, str]:
    """What the JSON form of the log has besides the message."""
    return {"group": key.group, "service": key.service, "event": event}
