"""Monitors: the probe of one host and its options make a program with mon's contract.

    #!/usr/bin/env python3
    \"\"\"Check that a Redis server answers.\"\"\"

    from dataclasses import dataclass
    from pymon.plugin import Down, Host, Monitor, Outcome, Up, option, port

    @dataclass(frozen=True)
    class Options:
        port: int = option("-p", "--port", default=6379, convert=port, metavar="PORT", about="TCP port")

    async def probe(host: Host, options: Options) -> Outcome:
        async with host.converse(options.port) as talk:
            await talk.say("PING")
            answer = await talk.line()
        return Up() if answer == "+PONG" else Down(f"answered {answer!r}")

    monitor = Monitor(Options, probe)

    if __name__ == "__main__":
        monitor.main()

The SDK reads the arguments, looks the names up, probes all hosts at once (as many as ``--at-once`` says), each within
its time limit, and gives what mon expects: the failed hosts, sorted, as first line, then the detail, and 0 or 1 as
exit code. An OSError of the probe (connection refused) fails its host with the system's words. Wrong options, any
other exception, and what this machine does not allow make the check *broken*, which says nothing of the host
(``pymon.plugin.probe_errors``): 126 is the exit code then. How many seconds a host that is well took is measured.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from pymon.contract.invocation import Invocation
from pymon.errors import PluginUsageError
from pymon.model.measurement import Measurement
from pymon.model.result import BROKEN_EXIT
from pymon.plugin.blocking import Blocking
from pymon.plugin.host import Host
from pymon.plugin.monitor_program import EachHostOptions, MonitorProgram, ParsedCall, common_options
from pymon.plugin.net import FAMILY_NAMES
from pymon.plugin.outcome import (
    Broken,
    Call,
    Down,
    OptionsT,
    Outcome,
    Outcomes,
    Report,
    Up,
    Wording,
    broken_detail,
    broken_summary,
    exitval_of,
    failed_hosts,
    over_all,
    plain_detail,
)
from pymon.plugin.program import about_of
from pymon.plugin.validation import Validate
from pymon.scarcity.lack import Lack, LackScope
from pymon.scarcity.symptoms import shortage_in

AT_ONCE = 256
"""hosts that one run probes at the same time, unless --at-once or its monitor says otherwise"""

THREADS_AT_ONCE = 32
"""the same for a probe that blocks, and so takes a thread for each host"""


class SetMonitor(MonitorProgram[OptionsT]):
    """A monitor that checks all its hosts in one go, by a coroutine function that gives a Report."""

    def __init__(
        self,
        options: type[OptionsT],
        check: Callable[[Call[OptionsT]], Awaitable[Report]],
        *,
        about: str | None = None,
        subject: str = "host",
        single_dash: bool = False,
        none_is_wrong: bool = False,
        local: bool = False,
        validate: Validate | None = None,
    ) -> None:
        """``about`` is its help (default: the docstring of the module that ``check`` is in).

        ``subject`` is what its arguments are called in the help, where they are no hosts. ``single_dash``: its long
        options stand behind one hyphen (see ``pymon.options``). With ``none_is_wrong`` it is wrong to give it
        no arguments; without, all is well then. ``local``: its arguments are no hosts but things of this machine, so
        there is neither -4 nor -6. ``validate`` says what is wrong with options that the declarations let pass (see
        ``pymon.plugin.validation``).
        """
        common = common_options(local)
        super().__init__(options, common, about_of(about, check), subject, single_dash, validate=validate)
        self._check = check
        self._none_is_wrong = none_is_wrong

    async def _report(self, read: ParsedCall[OptionsT], invocation: Invocation) -> Report:
        with LackScope() as lack:
            report = await self._check(Call(read.arguments, read.options, invocation.environ, read.families))
        if lack.said and report.exitval and not report.broken:  # which of its hosts it was for is not known
            return Report(BROKEN_EXIT, _short_of(lack), report.output(), report.measurements, broken=True)
        return report


Probe = Callable[[Host, OptionsT], Awaitable[Outcome]] | Callable[[Host, OptionsT], Outcome]
Detail = Callable[[Outcomes, OptionsT], str]
Divide = Callable[[OptionsT, tuple[str, ...]], tuple[OptionsT, tuple[str, ...]]]


class Monitor(MonitorProgram[OptionsT]):
    """A monitor that probes each host by itself, all at the same time."""

    def __init__(
        self,
        options: type[OptionsT],
        probe: Probe[OptionsT],
        *,
        about: str | None = None,
        detail: Detail[OptionsT] | None = None,
        at_once: int = 0,
        look_up: bool = True,
        wording: Wording = Wording(),  # noqa: B008  # it cannot change
        subject: str = "host",
        single_dash: bool = False,
        divide: Divide[OptionsT] | None = None,
        summary: Detail[OptionsT] | None = None,
        local: bool = False,
        options_first: bool = False,
        validate: Validate | None = None,
    ) -> None:
        """``probe`` is a coroutine function, or a plain one that blocks: that runs in a thread.

        A field ``timeout``, ``retries``, ``retry_wait`` or ``at_once`` of ``options`` takes the place of the SDK's.
        ``detail`` makes the text below the summary of all outcomes; without it, a line for each failed host, and what
        the probe gave as detail. ``at_once`` is how many hosts are probed at the same time (0: AT_ONCE, for threads
        THREADS_AT_ONCE). ``look_up`` False leaves names to the probe. ``local``: the arguments are no hosts but things
        of this machine, so nothing is looked up, and there is neither -4 nor -6. ``divide`` is for a monitor whose
        arguments are more than hosts: it is given them all (without the options), and gives the options with what the
        others mean, and the hosts; it may raise PluginUsageError. ``summary`` makes the first line of all outcomes
        where it is not the failed hosts (host dependencies and alerts match on those). ``options_first``: its options
        end at the first word that is none (see ``pymon.options``). ``validate`` says what is wrong with options
        that the declarations and ``divide`` let pass (see ``pymon.plugin.validation``).
        """
        common = (*common_options(local), EachHostOptions)
        super().__init__(options, common, about_of(about, probe), subject, single_dash, options_first, validate)
        blocks = not asyncio.iscoroutinefunction(probe)
        self._probe: Callable[[Host, OptionsT], Awaitable[Outcome]] = Blocking(probe) if blocks else probe  # type: ignore[assignment]  # told apart by the line before
        self._detail = detail or plain_detail
        self._at_once = at_once or (THREADS_AT_ONCE if blocks else AT_ONCE)
        self._look_up = look_up and not local
        self._wording = wording
        self._divide = divide
        self._summary = summary or failed_hosts

    def _parse(self, arguments: tuple[str, ...]) -> ParsedCall[OptionsT]:
        read = super()._parse(arguments)
        if self._divide is None or read.wants_help:
            return read
        options, hosts = self._divide(read.options, read.arguments)
        return read._replace(options=options, arguments=hosts)

    async def _report(self, read: ParsedCall[OptionsT], invocation: Invocation) -> Report:
        names = tuple(dict.fromkeys(read.arguments))
        measured: list[Measurement] = []
        environ = invocation.environ
        if len(names) == 1:
            outcomes: dict[str, Outcome] = {names[0]: await self._outcome(names[0], read, measured, environ)}
        else:
            outcomes = await self._all(names, read, measured, environ)
        checked = {name: each for name, each in outcomes.items() if not isinstance(each, Broken)}
        exitval, detail = exitval_of(checked.values()), self._detail(checked, read.options) if checked else ""
        detail += broken_detail(outcomes)
        if len(checked) < len(outcomes) and not exitval:
            return Report(BROKEN_EXIT, broken_summary(outcomes), detail, tuple(measured), broken=True, hosts=outcomes)
        summary = self._summary(checked, read.options) if exitval or self._summary is not failed_hosts else ""
        return Report(exitval, summary, detail, tuple(measured), hosts=outcomes)

    async def _all(
        self, names: Sequence[str], read: ParsedCall[OptionsT], measured: list[Measurement], environ: Mapping[str, str]
    ) -> dict[str, Outcome]:
        found: dict[str, Outcome] = {}
        misused: list[PluginUsageError] = []

        async def work(waiting: Iterator[str]) -> None:
            for name in waiting:
                if misused:
                    return
                try:
                    found[name] = await self._outcome(name, read, measured, environ)
                except PluginUsageError as error:
                    misused.append(error)

        waiting = iter(names)
        at_once = getattr(read.options, "at_once", None) or read.each.at_once or self._at_once
        async with asyncio.TaskGroup() as group:
            for _ in range(min(len(names), at_once)):
                group.create_task(work(waiting))
        if misused and not any(isinstance(outcome, Down) for outcome in found.values()):
            raise misused[0]
        return {name: found.get(name) or Broken(str(misused[0])) for name in names}

    async def _outcome(
        self, name: str, read: ParsedCall[OptionsT], measured: list[Measurement], environ: Mapping[str, str]
    ) -> Outcome:
        """Of one host, after as many attempts as it may have."""
        retries: int = getattr(read.options, "retries", read.each.retries)
        pause: float = getattr(read.options, "retry_wait", read.each.retry_wait)
        while True:
            hosts = [Host(name, family, environ) for family in read.families]
            if len(hosts) == 1:
                outcome = await self._attempt(hosts[0], read)
            else:
                outcome = await self._over_each_family(hosts, read)
            if isinstance(outcome, Up) or retries <= 0:
                break
            retries -= 1
            await asyncio.sleep(pause)
        for host in hosts:
            ending = f"_{FAMILY_NAMES[host.family].lower()}" if len(hosts) > 1 else ""
            measured += [Measurement(name, what + ending, *figure) for what, figure in host.measured.items()]
        return outcome

    async def _over_each_family(self, hosts: Sequence[Host], read: ParsedCall[OptionsT]) -> Outcome:
        attempts = [asyncio.ensure_future(self._attempt(host, read)) for host in hosts]
        try:
            outcomes = await asyncio.gather(*attempts)
            return over_all({FAMILY_NAMES[host.family]: each for host, each in zip(hosts, outcomes, strict=True)})
        finally:
            for attempt in attempts:  # wrong options end the other one as well
                attempt.cancel()
            await asyncio.gather(*attempts, return_exceptions=True)

    async def _attempt(self, host: Host, read: ParsedCall[OptionsT]) -> Outcome:
        with LackScope() as lack:
            outcome = await self._try(host, read, lack)
        if lack.said and isinstance(outcome, Down):
            return Broken(_short_of(lack), f"{outcome.reason}\n{outcome.detail}")
        return outcome

    async def _try(self, host: Host, read: ParsedCall[OptionsT], lack: Lack) -> Outcome:
        limit: float | None = getattr(read.options, "timeout", read.each.timeout) or None
        began = time.perf_counter()
        try:
            async with asyncio.timeout(limit) as deadline:
                lack.limit_by(deadline)
                if self._look_up:
                    await host.addresses()
                outcome = await self._probe(host, read.options)
        except PluginUsageError:
            raise
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            from pymon.plugin.probe_errors import broken_by  # noqa: PLC0415  # only where something is wrong

            return broken_by(error)  # the probe's own doing: the other hosts' outcomes count
        except (Exception, SystemExit) as error:
            if short := lack.said or shortage_in(error):  # without a descriptor nothing can be imported either
                return Broken(f"pymon was short of what this takes: {short}")
            from pymon.plugin.probe_errors import told_of  # noqa: PLC0415

            timed_out = self._wording.timed_out.format(host=host, limit=limit) if deadline.expired() else ""
            return told_of(error, host, self._wording, timed_out, host.transcript)
        if isinstance(outcome, Up):
            host.measured.setdefault("time", (round(time.perf_counter() - began, 6), "s"))
        elif not isinstance(outcome, Down | Broken):
            return Broken(f"the monitor's probe returned {outcome!r:.200}, neither Up, Down nor Broken")
        return outcome


def _short_of(lack: Lack) -> str:
    return f"pymon was short of what this takes: {lack.said}"
