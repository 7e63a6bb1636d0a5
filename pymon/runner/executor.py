"""Executors: an order to check comes in, its result goes out; here the one that runs checks on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from pymon.contract.check_order import CheckOrder
from pymon.contract.host_outcomes import host_outcomes
from pymon.contract.monitor_call import monitor_invocation
from pymon.model.depend import ServiceKey
from pymon.model.result import Cause, CheckResult
from pymon.process.execution import NOT_EXECUTABLE_EXIT, NOT_FOUND_EXIT
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import PluginFile


class Executor(Protocol):
    """Carries out checks, wherever that may be. Orders and results can be sent (``pymon.contract.check_json``)."""

    async def execute(self, order: CheckOrder) -> CheckResult:
        """Carry out one check, within its time limit.

        Never raises but CancelledError, and then the check has been ended: a check that could not be carried out is a
        result as well. Several run at the same time, of a service no more than one.
        """
        ...


class MissingMonitor(NamedTuple):
    """There is no monitor of a name: ``why``, and ``exists`` if there is a file that only cannot be executed."""

    why: str
    exists: bool = False


FindMonitor = Callable[[str], PluginFile | MissingMonitor]
"""the monitor of this machine that mon.cf calls so"""


class LocalExecutor:
    """Runs checks on this machine: inside this process where order and monitor allow it, else as a process each.

    ``connect`` must come before the first order.
    """

    def __init__(self, runner: PluginRunner, environ: Mapping[str, str]) -> None:
        """``environ`` is the environment in which monitors run; an order adds to it."""
        self._runner = runner
        self._environ = environ
        self._find: FindMonitor = _find_none
        self._on_process: Callable[[ServiceKey, int], None] = lambda _key, _pid: None
        self._on_misbehaved: Callable[[ServiceKey, CheckResult, float], None] = lambda _key, _result, _until: None

    def connect(
        self,
        find: FindMonitor,
        *,
        on_process: Callable[[ServiceKey, int], None] | None = None,
        on_misbehaved: Callable[[ServiceKey, CheckResult, float], None] | None = None,
    ) -> None:
        """Take monitors from ``find``, and tell what only concerns this machine.

        ``on_process`` is given the number of the process that checks a service. ``on_misbehaved`` is given the result
        of a run after which a monitor is not run inside this process for a service, and until when (seconds since the
        epoch).
        """
        self._find = find
        self._on_process = on_process or self._on_process
        self._on_misbehaved = on_misbehaved or self._on_misbehaved

    def needs_process(self, key: ServiceKey, monitor: str, *, inprocess: bool) -> bool:
        """Whether a check of the service takes a process as things are. ``inprocess``: whether it may run inside."""
        file = self._find(monitor)
        return not (inprocess and isinstance(file, PluginFile) and self._runner.can_run_in_process(file, key))

    async def execute(self, order: CheckOrder) -> CheckResult:
        """As of ``Executor``."""
        file, key = self._find(order.monitor), order.key
        if isinstance(file, MissingMonitor):
            result, is_sdk = _without_monitor(file), False
        else:
            result = await self._runner.run(
                file,
                monitor_invocation(order, file.path, self._environ),
                time_limit=order.time_limit,
                inprocess=order.inprocess,
                repeats=True,
                measures=True,
                on_start=lambda pid: self._on_process(key, pid),
                on_misbehaved=lambda result, until: self._on_misbehaved(key, result, until),
                user=key,
            )
            is_sdk = file.plugin is not None
        hosts = host_outcomes(order, result, is_sdk=is_sdk)
        return result if hosts is result.hosts else result._replace(hosts=hosts)


def _find_none(name: str) -> MissingMonitor:
    return MissingMonitor(f"no monitor {name!r}: the executor is not connected")


def _without_monitor(missing: MissingMonitor) -> CheckResult:
    """A monitor that is in no directory breaks its check, so that somebody is told (mon: a line in the log)."""
    status = NOT_EXECUTABLE_EXIT if missing.exists else NOT_FOUND_EXIT
    return CheckResult(status, f"{missing.why}\n", cause=Cause.NOT_STARTED)
