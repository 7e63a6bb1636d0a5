"""What both kinds of monitor are to the daemon, and from a command line: options in, exit code and output out."""

from __future__ import annotations

import functools
import socket
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, NoReturn

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer
from pymon.errors import PluginError, PluginUsageError
from pymon.model.argument import ArgumentProblem
from pymon.model.result import BROKEN_EXIT
from pymon.options import OptionParser, flag, option
from pymon.plugin.outcome import (
    HIGHEST_EXIT,
    OptionsT,
    Report,
    host_outcomes,
)
from pymon.plugin.program import called_with, run_and_leave
from pymon.plugin.validation import Given, Validate, ask, problem_of
from pymon.plugin.values import count, positive, seconds

_REMEMBERED = 16384
"""argument lists whose options are remembered, so that a check each second reads them once"""


@dataclass(frozen=True)
class HelpOptions:
    """The option of every monitor; what the monitor declares itself comes first."""

    help: bool = flag("-h", "--help", about="show this help")


@dataclass(frozen=True)
class FamilyOptions:
    """The further options of a monitor of hosts."""

    ipv4: bool = flag("-4", "--ipv4", about="over IPv4 only; with -6: over both, and both must be well")
    ipv6: bool = flag("-6", "--ipv6", about="over IPv6 only")

    def families(self) -> tuple[socket.AddressFamily, ...]:
        """The families asked for; AF_UNSPEC if none was."""
        chosen = [socket.AF_INET] * self.ipv4 + [socket.AF_INET6] * self.ipv6
        return tuple(chosen) or (socket.AF_UNSPEC,)


@dataclass(frozen=True)
class EachHostOptions:
    """The further options of a monitor that probes each host by itself."""

    timeout: float = option(
        *("-t", "--timeout"), default=10.0, convert=seconds, metavar="SECONDS", about="limit per host (0: none)"
    )
    retries: int = option(
        "--retries", default=0, convert=count, metavar="N", about="further attempts before a host counts as failed"
    )
    retry_wait: float = option(
        "--retry-wait", default=1.0, convert=seconds, metavar="SECONDS", about="pause before each of them"
    )
    at_once: int | None = option(
        "--at-once",
        default=None,
        convert=positive,
        metavar="N",
        about="hosts probed at the same time (256; in threads 32)",
    )


class ParsedCall(NamedTuple, Generic[OptionsT]):
    options: OptionsT
    arguments: tuple[str, ...]
    families: tuple[socket.AddressFamily, ...]
    each: EachHostOptions
    wants_help: bool


class MonitorProgram(Generic[OptionsT]):
    """What both kinds of monitor are to the daemon, and from a command line."""

    ordered = False
    retry_on: frozenset[int] = frozenset()
    _none_is_wrong = False

    def __init__(
        self,
        options: type[OptionsT],
        common: Sequence[type[Any]],
        about: str,
        subject: str,
        single_dash: bool,
        options_first: bool = False,
        validate: Validate | None = None,
    ) -> None:
        self._options = options
        self._validate = validate
        self._about = about
        self._subject = subject
        self._parser = OptionParser(
            options, common=common, single_dash=single_dash, subject=subject, options_first=options_first
        )
        self._common = common
        self._read = functools.lru_cache(maxsize=_REMEMBERED)(self._parse)

    def order_key(self, invocation: Invocation) -> Hashable:
        """Checks need no order."""
        return invocation.path

    async def run(self, invocation: Invocation) -> Answer:
        """One run: exit code, output, measurements, and what each host is."""
        name = invocation.path.rpartition("/")[2]
        try:
            read = self._read(invocation.arguments)
            if read.wants_help:
                return Answer(0, self._parser.usage(name, self._about))
            if not read.arguments:
                return Answer(0, "")
            report = await self._report(read, invocation)
        except PluginUsageError as error:
            return Answer(BROKEN_EXIT, f"{name}: {error}\n{name} --help tells what it takes\n")
        except PluginError as error:
            return Answer(BROKEN_EXIT, f"{name}: {error}\n")
        exitval = report.exitval if 0 <= report.exitval <= HIGHEST_EXIT else HIGHEST_EXIT
        exitval = BROKEN_EXIT if report.broken else exitval
        return Answer(exitval, report.output(), report.measurements, host_outcomes(report.hosts))

    def validate(
        self, arguments: Sequence[str], environ: Mapping[str, str], hosts: int = 0
    ) -> tuple[ArgumentProblem, ...]:
        """What is wrong with arguments, without checking anything. The last ``hosts`` of them are those that mon adds.

        May read files that they name.
        """
        wrong = self._parser.problems(arguments, hosts)
        if wrong:
            return tuple(problem_of(error, arguments) for error in wrong)
        try:
            read = self._parse(tuple(arguments))
        except PluginUsageError as error:
            return (problem_of(error, arguments),)
        if read.wants_help or not read.arguments:
            return ()
        return ask(self._validate, Given(read.options, tuple(arguments), environ, read.arguments, read.families))

    async def _report(self, read: ParsedCall[OptionsT], invocation: Invocation) -> Report:
        raise NotImplementedError

    def main(self) -> NoReturn:
        """Run as a program: arguments from the command line, output to standard output, and exit."""
        run_and_leave(self.run(called_with()), is_check=True)

    def _parse(self, arguments: tuple[str, ...]) -> ParsedCall[OptionsT]:
        parsed = self._parser.parse(arguments)
        if parsed.unknown:
            raise PluginUsageError(f"unknown option {parsed.unknown[0]}", word=parsed.unknown_at[0])
        wants_help = parsed.of(HelpOptions).help
        if self._none_is_wrong and not parsed.words and not wants_help:
            raise PluginUsageError(f"at least one {self._subject} must be specified")
        families = (parsed.of(FamilyOptions) if FamilyOptions in self._common else FamilyOptions()).families()
        each = parsed.of(EachHostOptions) if EachHostOptions in self._common else EachHostOptions()
        return ParsedCall(parsed.of(self._options), parsed.words, families, each, wants_help)


def common_options(local: bool) -> tuple[type[Any], ...]:
    """The options of a monitor; one of things of this machine (``local``) has neither -4 nor -6."""
    return (HelpOptions,) if local else (FamilyOptions, HelpOptions)
