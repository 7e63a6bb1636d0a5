"""What clients disable and enable: watches, services, hosts."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable

from pymon.core import events
from pymon.engine.mon_state_sync import Saving
from pymon.engine.monitoring import Watcher
from pymon.engine.monremote import Monremote
from pymon.engine.requests.host_switches import sole_watches, unknown_hosts
from pymon.model.depend import ServiceKey
from pymon.model.request import Asker, Outcome, SavedKind, SwitchHosts, SwitchService, SwitchWatch
from pymon.model.service import AlertKind

log = logging.getLogger("pymon.engine")

Switch = SwitchWatch | SwitchService | SwitchHosts


class Switching:
    """Performs switches on a watcher, sends the disable alerts that go with them, and tells the monremote."""

    def __init__(self, watcher: Watcher, saving: Saving, monremote: Monremote) -> None:
        self._watcher = watcher
        self._saving = saving
        self._monremote = monremote

    async def perform(self, request: Switch, asker: Asker) -> Outcome:
        """Switch, and bring mon's file ``disabled`` up to date."""
        outcome = self._switch(request, asker)
        if outcome.ok:
            await self._saving.save(SavedKind.DISABLED)
        return outcome

    def _switch(self, request: Switch, asker: Asker) -> Outcome:
        site = self._watcher.site
        match request:
            case SwitchWatch(group, enable):
                if group not in site.watches:
                    return Outcome(False, f'unknown watch "{group}"')
                self._watches((group,), enable, asker)
                self._tell(enable, "watch", group)
            case SwitchService(key, enable):
                self._service(key, enable, asker)
            case SwitchHosts(hosts, enable):
                if not enable and (unknown := unknown_hosts(site.hostgroups, hosts)):
                    return Outcome(False, f"host(s) {' '.join(unknown)} do not exist", unknown)
                self._hosts(hosts, enable, asker)
        return Outcome()

    def _hosts(self, hosts: Iterable[str], enable: bool, asker: Asker) -> None:
        """Switch hosts, and with each the watches of which it is the only host."""
        site = self._watcher.site
        self._watcher.switch_hosts(hosts, disabled=not enable)
        sole = sole_watches(site)
        groups = {host: sole.get(host, []) for host in hosts}
        self._watches([group for each in groups.values() for group in each], enable, asker)
        for host, watches in groups.items():
            for group in watches:
                self._tell(enable, "watch", group)
            self._tell(enable, "host", host)

    def _watches(self, groups: Collection[str], enable: bool, asker: Asker) -> None:
        watcher = self._watcher
        if enable:
            watcher.enable(watches=groups)
            return
        for group in groups:
            if group not in watcher.disabled_watches:
                services = (service.key for service in watcher.site.watches[group].services)
                self._say_goodbye((key for key in services if key not in watcher.disabled_services), asker)
        watcher.disable(watches=groups)

    def _service(self, key: ServiceKey, enable: bool, asker: Asker) -> None:
        watcher = self._watcher
        if enable:
            watcher.enable(services=[key])
        else:
            if key not in watcher.disabled_services and key.group not in watcher.disabled_watches:
                self._say_goodbye((key,), asker)
            watcher.disable(services=[key])
        self._tell(enable, "service", *key)

    def _say_goodbye(self, keys: Iterable[ServiceKey], asker: Asker) -> None:
        """Send the disable alerts of services that are about to be silent, where there are any."""
        watcher, now = self._watcher, self._watcher.clock()
        for key in keys:
            service, state = watcher.site.services[key], watcher.states[key]
            if service.redistribute is not None or any(
                period.alerts_of(AlertKind.DISABLEALERT) for period in service.periods
            ):
                watcher.apply(key, events.disable(service, state, asker.user, now, watcher.around))

    def _tell(self, enable: bool, *words: str) -> None:
        self._monremote.tell(self._watcher.site.settings.monremote, "enable" if enable else "disable", *words)
