"""Reading the configuration again: on SIGHUP, at a client's ``reset``, or only to see whether it is right.

SIGHUP keeps all that did not change, and refuses a file that takes away most of what is watched (E-shrunk). A reset
starts over with every service, as in mon: its checks and timers, and unless ``keepstate`` is given its state (but for
what it owes); hosts and watches stay disabled, services only with ``keepstate``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import replace

from pymon.config.loader import Loaded, load_auth
from pymon.core.debts import keep_debts
from pymon.engine.arguments import warn_of_arguments
from pymon.engine.carry_over import CarriedOver, carry_over, why_shrunk
from pymon.engine.clock import EngineClock
from pymon.engine.downtime import DowntimeLog
from pymon.engine.history import History
from pymon.engine.limits import EngineLimits
from pymon.engine.mon_state_sync import MonStateFiles
from pymon.engine.monitoring import SiteMonitor
from pymon.engine.plugin_lookup import Lookup, Programs, find_programs, look_up
from pymon.engine.requests.configuration_reader import ConfigurationReader, Load
from pymon.engine.requests.host_switches import with_hosts
from pymon.engine.state_owner import StateOwner
from pymon.errors import ConfigError, ConfigShrunk, PymonError
from pymon.model.auth import AuthRules
from pymon.model.problem import Problem
from pymon.model.request import SavedKind
from pymon.model.seen import FileSeen
from pymon.model.settings import Settings
from pymon.model.site import Site
from pymon.observers import Observers
from pymon.store.store import Store
from pymon.timeline import operator_events

log = logging.getLogger("pymon")

INSIST = "What is watched goes on as it was. If it is meant, `moncmd reset` (or a restart) takes it over"


class Configuration:
    """The configuration that is in force, and auth.cf. One re-read at a time."""

    def __init__(
        self,
        owner: StateOwner,
        monitor: SiteMonitor,
        history: History,
        downtime: DowntimeLog,
        record: Store,
        saving: MonStateFiles,
        load: Load | None,
        auth: AuthRules,
        clock: EngineClock,
        limits: EngineLimits,
        environ: Mapping[str, str],
    ) -> None:
        """``load`` None: there is nothing to read, and each attempt is refused. ``environ`` is what plugins inherit."""
        self._environ = environ
        self.auth = auth
        self.observers = Observers[Settings](lambda _: log.exception("an observer of reloads failed"))
        self._owner = owner
        self._monitor = monitor
        self._history = history
        self._downtime = downtime
        self._record = record
        self._saving = saving
        self._lock = asyncio.Lock()
        self._watched_before = 0
        self._reader = ConfigurationReader(load, clock, limits, reread=self.reload_and_log, on_rest=self._note_rest)

    def close(self) -> None:
        """Stop looking at files."""
        self._reader.close()

    async def reload(self) -> None:
        """Take over what is new in the configuration, unless that takes away too much. Raises PymonError if refused.

        A file that changes shortly afterwards is read again: somebody was writing it.
        """
        async with self._lock:
            try:
                loaded = await self._reader.read_steadily()
                watched = self._count_before_change()
                if why := why_shrunk(watched, len(loaded.site.services)):
                    raise ConfigShrunk(f"{_name_files(loaded.files)}: {why}. {INSIST}")
                site, programs = await self._prepare(loaded)
            except PymonError as error:
                self._record.add(operator_events.of_refusal(self._owner.clock(), "SIGHUP", str(error)))
                raise
            carried = self._take_over(site, programs)
            self._watched_before = watched if self._reader.is_looking else 0
            self._monitor.arm_timers(key for key in site.services if key not in carried.unchanged)
            log.info(
                "configuration read again: %d services unchanged, %d changed, %d new, %d gone",
                *map(len, (carried.unchanged, carried.changed, carried.added, carried.removed)),
            )
            self._record_reload(carried, "SIGHUP")
            self._announce()
            await self._saving.save(SavedKind.DISABLED)

    async def reset(self, *, keepstate: bool) -> None:
        """Read the configuration, and start over. Raises PymonError if it is refused; then nothing has changed."""
        async with self._lock:
            site, programs = await self._prepare(await self._reader.read_steadily())
            for key in site.services:
                self._monitor.end_check(key)
            carried = self._take_over(site, programs)
            self._watched_before = 0
            if not keepstate:
                self._owner.enable(services=self._owner.state.disabled_services)
                states, departed = keep_debts(carried.states), keep_debts(carried.departed)
                self._owner.replace_site(self._owner.site, states=states, departed=departed)
                self._owner.record_all()
            self._monitor.arm_timers(site.services)
            log.info("reset: %d services begin anew", len(site.services))
            self._record_reload(carried, "reset keepstate" if keepstate else "reset")
            self._announce()
            if keepstate:
                await self._saving.save(*SavedKind)

    async def test(self) -> None:
        """Read the configuration only. Raises PymonError if it would be refused."""
        await self._reader.read()

    async def reload_auth(self) -> None:
        """Read auth.cf again. Raises ConfigError if it cannot be read, and then nobody may do anything, as in mon."""
        try:
            self.auth, problems = await asyncio.to_thread(load_auth, self._owner.site.settings.authfile)
        except ConfigError:
            self.auth = AuthRules()
            raise
        report(problems)

    async def look_up(self, *, monitors: Collection[str] = (), alerts: Collection[str] = ()) -> Lookup:
        """Look up programs that a client names, and have those that are found at hand for checks and alerts."""
        owner = self._owner
        if not monitors and not alerts:
            return Lookup(owner.programs)
        async with self._lock:
            settings = owner.site.settings
            lookup = await asyncio.to_thread(look_up, settings, owner.programs, monitors=monitors, alerts=alerts)
            owner.replace_programs(lookup.programs)
            return lookup

    def _count_before_change(self) -> int:
        """How many services were watched before the file that has just been read began to change.

        What is written in pieces, or twice, is read as often: each reading may leave half of that, not of the last one.
        """
        if not self._reader.is_looking:
            self._watched_before = 0
        return max(len(self._owner.site.services), self._watched_before)

    def _note_rest(self) -> None:
        self._watched_before = 0

    async def reload_and_log(self) -> None:
        """Do as ``reload``, for whom nobody waits: the log says it if it is refused."""
        try:
            await self.reload()
        except PymonError as error:
            log.error("the configuration is refused, the one in force goes on:\n%s", error)
        except Exception:
            log.exception("the configuration could not be read again (a bug in pymon)")

    async def _prepare(self, loaded: Loaded) -> tuple[Site, Programs]:
        """Look up the programs of a configuration, and tell of what is odd about it."""
        before, owed = self._owner.programs, self._owner.debts.programs()
        programs = await asyncio.to_thread(find_programs, loaded.site, before, owed)  # importing plugins takes its time
        report(loaded.problems)
        await self.warn_of_arguments(loaded, programs)
        return loaded.site, programs

    async def warn_of_arguments(self, loaded: Loaded, programs: Programs) -> None:
        """Put into the log what plugins do not like about the arguments that the configuration gives them."""
        await asyncio.to_thread(warn_of_arguments, loaded, programs, self._environ)

    def _take_over(self, site: Site, programs: Programs) -> CarriedOver:
        owner, monitor, settings, now = self._owner, self._monitor, site.settings, self._owner.clock()
        owner.forget_enabled_hosts()
        site = replace(site, hostgroups=with_hosts(site.hostgroups, owner.state.disabled_hosts, disabled=True))
        known = {**owner.programs.alerts, **programs.alerts}
        owed = owner.debts.programs() - programs.alerts.keys()  # some may be new since the programs were looked up
        programs = replace(programs, alerts={**programs.alerts, **{name: known[name] for name in owed & known.keys()}})
        target = owner.debts.target_by(known)
        carried = carry_over(owner.site, site, owner.states, owner.departed, now, target, owner.state.is_disabled)
        for key in carried.changed | carried.removed:
            monitor.end_check(key)
        for key in carried.removed:
            monitor.forget(key)
        owner.replace_site(site, programs, carried.states, carried.departed)
        owner.record_all()
        for notice in carried.notices:
            owner.debts.report(notice)
        self._history.configure(settings, now)
        self._downtime.configure(settings, now)
        monitor.set_maxprocs(settings.maxprocs)
        return carried

    def _record_reload(self, carried: CarriedOver, why: str) -> None:
        kinds = {
            "unchanged": carried.unchanged,
            "changed": carried.changed,
            "new": carried.added,
            "gone": carried.removed,
        }
        counts = {kind: len(keys) for kind, keys in kinds.items()}
        self._record.add(operator_events.of_reload(self._owner.clock(), counts, why))

    def _announce(self) -> None:
        settings = self._owner.site.settings
        if settings.startupalerts_on_reset:
            self._monitor.startup_alerts()
        self.observers.tell(settings)


def _name_files(files: tuple[FileSeen, ...]) -> str:
    return files[0].path if files else "the configuration"


def report(warnings: tuple[Problem, ...]) -> None:
    """Put the warnings about a configuration into the log."""
    for problem in warnings:
        log.warning("%s", problem)
