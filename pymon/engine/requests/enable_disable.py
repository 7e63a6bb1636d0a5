"""What clients disable and enable: watches, services, hosts."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping

from pymon.core import events
from pymon.engine.mon_state_sync import MonStateFiles
from pymon.engine.monremote import Monremote
from pymon.engine.requests.handler import Handler
from pymon.engine.requests.host_switches import sole_watches, unknown_hosts
from pymon.engine.state_owner import StateOwner
from pymon.model.change import ChangeCause
from pymon.model.depend import ServiceKey
from pymon.model.request import Asker, Outcome, SavedKind, SwitchHosts, SwitchService, SwitchWatch
from pymon.model.service import AlertKind

log = logging.getLogger("pymon.engine")

Switch = SwitchWatch | SwitchService | SwitchHosts


class SwitchRequests:
    """Performs switches, sends the disable alerts that go with them, and tells the monremote."""

    def __init__(self, owner: StateOwner, saving: MonStateFiles, monremote: Monremote) -> None:
        self._owner = owner
        self._saving = saving
        self._monremote = monremote

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Request → what performs it."""
        return dict.fromkeys((SwitchHosts, SwitchService, SwitchWatch), self.perform)

    async def perform(self, request: Switch, asker: Asker) -> Outcome:
        """Switch, and bring mon's file ``disabled`` up to date."""
        outcome = self._switch(request, asker)
        if outcome.ok:
            await self._saving.save(SavedKind.DISABLED)
        return outcome

    def _switch(self, request: Switch, asker: Asker) -> Outcome:
        site = self._owner.site
        match request:
            case SwitchWatch(group, enable):
                if group not in site.watches:
                    return Outcome(False, f'unknown watch "{group}"')
                self._watches((group,), enable, asker)
                self._tell_monremote(enable, "watch", group)
            case SwitchService(key, enable):
                self._service(key, enable, asker)
            case SwitchHosts(hosts, enable):
                if not enable and (unknown := unknown_hosts(site.hostgroups, hosts)):
                    return Outcome(False, f"host(s) {' '.join(unknown)} do not exist", unknown)
                self._hosts(hosts, enable, asker)
        return Outcome()

    def _hosts(self, hosts: Iterable[str], enable: bool, asker: Asker) -> None:
        """Switch hosts, and with each the watches of which it is the only host."""
        site = self._owner.site
        self._owner.switch_hosts(hosts, disabled=not enable)
        sole = sole_watches(site)
        groups = {host: sole.get(host, []) for host in hosts}
        self._watches([group for each in groups.values() for group in each], enable, asker)
        for host, watches in groups.items():
            for group in watches:
                self._tell_monremote(enable, "watch", group)
            self._tell_monremote(enable, "host", host)

    def _watches(self, groups: Collection[str], enable: bool, asker: Asker) -> None:
        owner = self._owner
        if enable:
            owner.enable(watches=groups)
            return
        for group in groups:
            if group not in owner.state.disabled_watches:
                services = (service.key for service in owner.site.watches[group].services)
                self._send_disable_alerts((key for key in services if key not in owner.state.disabled_services), asker)
        owner.disable(watches=groups)

    def _service(self, key: ServiceKey, enable: bool, asker: Asker) -> None:
        owner = self._owner
        if enable:
            owner.enable(services=[key])
        else:
            if not owner.state.is_disabled(key):
                self._send_disable_alerts((key,), asker)
            owner.disable(services=[key])
        self._tell_monremote(enable, "service", *key)

    def _send_disable_alerts(self, keys: Iterable[ServiceKey], asker: Asker) -> None:
        """Send the disable alerts of services that are about to be silent, where there are any."""
        owner, now = self._owner, self._owner.clock()
        for key in keys:
            service, state = owner.site.services[key], owner.states[key]
            if service.redistribute is not None or any(
                period.alerts_of(AlertKind.DISABLEALERT) for period in service.periods
            ):
                verdict = events.disable(service, state, asker.user, now, owner.context)
                owner.commit(key, verdict.state, ChangeCause.OPERATOR, effects=verdict.effects, at=now)

    def _tell_monremote(self, enable: bool, *words: str) -> None:
        self._monremote.tell(self._owner.site.settings.monremote, "enable" if enable else "disable", *words)
