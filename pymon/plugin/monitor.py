"""What the author of a monitor imports.

A monitor is one executable file: its options, and the probe of one host.

    #!/usr/bin/env python3
    \"\"\"Check that a TCP port accepts connections.\"\"\"

    from dataclasses import dataclass
    from pymon.plugin.monitor import Down, Monitor, Outcome, Up, connect, option, port, seconds

    @dataclass(frozen=True)
    class Options:
        port: int = option("-p", "--port", default=23, convert=port, metavar="PORT", about="TCP port")
        timeout: float = option("-t", "--timeout", default=10.0, convert=seconds, metavar="SECONDS", about="per host")

    async def probe(host: str, options: Options) -> Outcome:
        (await connect(host, options.port)).close()
        return Up()

    monitor = Monitor(Options, probe, about=__doc__)

    if __name__ == "__main__":
        monitor.main()

The SDK reads the arguments, probes all hosts at once (as many as ``concurrency`` allows), and gives what mon expects:
the failed hosts, sorted, as first line, then the detail, and 0 or 1 as exit code; 2 when the options are wrong. A field
called ``timeout`` is the limit of each host, in seconds (0: none). An OSError of the probe (connection refused, name
not found) is a failed host with that reason. docs/inprocess.md says what running inside the daemon asks of a probe.
"""

from __future__ import annotations

import asyncio
import functools
import os
import sys
import traceback
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Generic, NoReturn, TypeVar

from pymon.errors import PluginUsageError
from pymon.model.invocation import Invocation
from pymon.plugin.net import NameNotFound, addresses, connect, literal
from pymon.plugin.options import OptionParser, choice, declarations, flag, many, option, usage, words
from pymon.plugin.values import count, milliseconds, port, seconds

__all__ = [
    "Call",
    "Down",
    "Monitor",
    "NameNotFound",
    "Outcome",
    "Outcomes",
    "Report",
    "SetMonitor",
    "Up",
    "addresses",
    "choice",
    "connect",
    "count",
    "flag",
    "literal",
    "many",
    "milliseconds",
    "option",
    "port",
    "seconds",
]

OptionsT = TypeVar("OptionsT")

CONCURRENCY = 256
"""hosts that one run probes at the same time, unless its monitor says otherwise"""

USAGE_EXIT = 2
"""exit code for wrong options"""

_REMEMBERED = 16384
"""argument lists whose options are remembered, so that a check each second reads them once"""


@dataclass(frozen=True, slots=True)
class Up:
    """A host that is well. ``detail`` may be several lines."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Down:
    """A host that is not, and why, in one line. ``detail`` may be several lines."""

    reason: str
    detail: str = ""


Outcome = Up | Down
Outcomes = Mapping[str, Outcome]
"""Hosts in the order of the arguments, each once."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run of a SetMonitor gives. ``summary`` is one line, normally the failed hosts."""

    exitval: int
    summary: str = ""
    detail: str = ""

    def output(self) -> str:
        """As printed: nothing at all if there is nothing to say."""
        return f"{self.summary}\n{self.detail}" if self.summary or self.detail else ""


@dataclass(frozen=True, slots=True)
class Call(Generic[OptionsT]):
    """One run: its hosts in the order given (repetitions included), its options, its environment (``MON_…``)."""

    hosts: tuple[str, ...]
    options: OptionsT
    environ: Mapping[str, str]


@dataclass(frozen=True)
class _Hosts:
    hosts: tuple[str, ...] = words("host", about="what to check")


@dataclass(frozen=True)
class _ShortHelp:
    asked: bool = flag("-h", "--help", about="show this help")


@dataclass(frozen=True)
class _LongHelp:
    asked: bool = flag("--help", about="show this help")


class SetMonitor(Generic[OptionsT]):
    """A monitor that checks all its hosts in one go. ``about`` (the module's docstring) is its help."""

    ordered = False
    retry_on: frozenset[int] = frozenset()

    def __init__(
        self, options: type[OptionsT], check: Callable[[Call[OptionsT]], Awaitable[Report]], *, about: str | None
    ) -> None:
        self._options = options
        self._check = check
        self._about = about or ""
        taken = {spelling for _, declared in declarations(options) for spelling in declared.flags}
        self._help = _LongHelp if "-h" in taken else _ShortHelp
        self._parser = OptionParser(options, self._help, _Hosts)
        self._read = functools.lru_cache(maxsize=_REMEMBERED)(self._parse)

    def order_key(self, invocation: Invocation) -> Hashable:
        """Checks need no order."""
        return invocation.path

    async def run(self, invocation: Invocation) -> tuple[int, str]:
        """One run: exit code and output."""
        try:
            options, hosts, wants_help = self._read(invocation.arguments)
        except PluginUsageError as error:
            name = PurePath(invocation.path).name
            return USAGE_EXIT, f"{name}: {error}\n{name} --help tells what it takes\n"
        if wants_help:
            return 0, usage(PurePath(invocation.path).name, self._about, self._options, self._help, _Hosts)
        if not hosts:
            return 0, ""
        report = await self._check(Call(hosts, options, invocation.environ))
        return report.exitval, report.output()

    def main(self) -> NoReturn:
        """Run as a program: arguments from the command line, output to standard output, and exit."""
        invocation = Invocation(sys.argv[0], tuple(sys.argv[1:]), os.environ)
        exitval, output = asyncio.run(self.run(invocation))
        sys.stdout.flush()
        sys.stdout.buffer.write(output.encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
        sys.exit(exitval)

    def _parse(self, arguments: tuple[str, ...]) -> tuple[OptionsT, tuple[str, ...], bool]:
        parsed = self._parser.parse(arguments)
        if parsed.unknown:
            raise PluginUsageError(f"unknown option {parsed.unknown[0]}")
        wants_help: bool = getattr(parsed.of(self._help), "asked", False)
        return parsed.of(self._options), parsed.of(_Hosts).hosts, wants_help


Probe = Callable[[str, OptionsT], Awaitable[Outcome]]
Detail = Callable[[Outcomes, OptionsT], str]


class Monitor(SetMonitor[OptionsT]):
    """A monitor that probes each host by itself, all at the same time.

    ``detail`` makes the text below the summary of all outcomes; without it, a line for each failed host, and what the
    probe gave as detail.
    """

    def __init__(
        self,
        options: type[OptionsT],
        probe: Probe[OptionsT],
        *,
        about: str | None,
        detail: Detail[OptionsT] | None = None,
        concurrency: int = CONCURRENCY,
    ) -> None:
        super().__init__(options, self._check_each, about=about)
        self._probe = probe
        self._detail = detail or _plain_detail
        self._concurrency = concurrency

    async def _check_each(self, call: Call[OptionsT]) -> Report:
        hosts = tuple(dict.fromkeys(call.hosts))
        if len(hosts) == 1:
            outcomes: dict[str, Outcome] = {hosts[0]: await self._outcome(hosts[0], call.options)}
        else:
            outcomes = await self._all(hosts, call.options)
        failed = sorted(host for host, outcome in outcomes.items() if isinstance(outcome, Down))
        return Report(1 if failed else 0, " ".join(failed), self._detail(outcomes, call.options))

    async def _all(self, hosts: Sequence[str], options: OptionsT) -> dict[str, Outcome]:
        found: dict[str, Outcome] = {}

        async def work(waiting: Iterator[str]) -> None:
            for host in waiting:
                found[host] = await self._outcome(host, options)

        waiting = iter(hosts)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(len(hosts), self._concurrency)):
                group.create_task(work(waiting))
        return {host: found[host] for host in hosts}

    async def _outcome(self, host: str, options: OptionsT) -> Outcome:
        limit: float | None = getattr(options, "timeout", None) or None
        try:
            async with asyncio.timeout(limit) as deadline:
                return await self._probe(host, options)
        except TimeoutError as error:
            if deadline.expired():
                return Down(f"timeout after {limit:g} seconds")
            return Down(error.strerror or "timeout")
        except OSError as error:
            return Down(error.strerror or str(error) or type(error).__name__)
        except Exception as error:
            return _crashed(error)


def _crashed(error: Exception) -> Down:
    """A probe that raises fails its own host, and says where."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename} line {frames[-1].lineno})" if frames else ""
    detail = "".join(traceback.format_exception(error))
    return Down(f"the monitor raised {type(error).__name__}: {error}{place}", detail)


def _plain_detail(outcomes: Outcomes, _options: Any) -> str:
    lines: list[str] = []
    for host, outcome in outcomes.items():
        if isinstance(outcome, Down):
            lines.append(f"{host}: {outcome.reason}")
        if outcome.detail:
            lines.append(outcome.detail.rstrip("\n"))
    return "\n".join(lines) + "\n" if lines else ""
