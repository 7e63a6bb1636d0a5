"""Alerts: what to do with an event, and options, make a program with mon's contract.

    #!/usr/bin/env python3
    \"\"\"Rings a bell.\"\"\"

    from dataclasses import dataclass
    from pymon.plugin import Alert, AlertOutcome, Done, Event, words

    @dataclass(frozen=True)
    class Options:
        rooms: tuple[str, ...] = words("room", about="where to ring the bell")

    async def ring(event: Event, options: Options) -> AlertOutcome:
        for room in options.rooms:
            await bell(room, f"{event.group}/{event.service}: {event.summary}")
        return Done()

    alert = Alert(Options, ring)

    if __name__ == "__main__":
        alert.main()

mon's own options (``-s -g -h -t -l -u -a -D -T -O``) are read for the alert; other single letters that it does not
declare are passed over, as Debian's alerts do. An alert runs beside everything else the daemon does: it must await
what takes time, or be a plain function, which then runs in a thread, and takes its environment from
``event.environ``, never from ``os.environ``.
"""

from __future__ import annotations

import asyncio
import math
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer, Subject
from pymon.errors import PluginUsageError, UnusableFile
from pymon.model.argument import ArgumentProblem, Fault
from pymon.model.duration import format_duration
from pymon.options import OptionParser, Parsed, option
from pymon.plugin.alert_event import Event, EventOptions, event_of
from pymon.plugin.alert_outcome import AlertOutcome, Exit, Failed, TryAgain, exit_of
from pymon.plugin.blocking import Blocking
from pymon.plugin.program import about_of, called_with, run_and_leave
from pymon.plugin.validation import Given, Validate, ask, problem_of
from pymon.plugin.values import count, seconds
from pymon.text import decode, encode

if TYPE_CHECKING:
    from pathlib import Path

    from pymon.model.result import CheckResult

O = TypeVar("O")  # noqa: E741  # the options of one alert

TIMEOUT = 60.0
"""seconds that one attempt may take, unless --timeout or its alert says otherwise"""

ARGUMENT_LIMIT = 128 * 1024 - 1
"""bytes that an argument of a program may have (MAX_ARG_STRLEN of execve(2), without the NUL)"""

_WRONG = "wrong options"
"""the order key of calls whose options are wrong"""

LONGEST_PAUSE = 60.0
"""seconds; the pauses between the attempts of one run are 1, 2, 4, … and not longer"""


@dataclass(frozen=True)
class _Attempts:
    """The options of every alert; what the alert declares itself comes first."""

    timeout: float | None = option(
        "--timeout", default=None, convert=seconds, metavar="SECONDS", about="limit of one attempt (0: none)"
    )
    retries: int = option(
        "--retries", default=0, convert=count, metavar="N", about="further attempts within this run, after 1, 2, 4 … s"
    )


class Alert(Generic[O]):
    """One alert: a function with declared options, in the form the daemon and ``main`` run.

    ``retry_on`` are the exit codes after which the daemon tries again. ``order_by`` makes the calls ordered: those for
    which it gives the same text are done one after the other, only the newest of those that wait, and none of them
    is lost over a restart. Give it to an alert that changes the state of something: it is asked with the event and the
    options what a call acts upon. Ordered calls are tried until they are done, or a newer one takes their place;
    ``give_up`` says after how many seconds from the event they are given up all the same.
    """

    def __init__(
        self,
        options: type[O],
        deliver: Callable[[Event, O], Awaitable[AlertOutcome]] | Callable[[Event, O], AlertOutcome],
        *,
        about: str | None = None,
        order_by: Callable[[Event, O], str] | None = None,
        look_up: Callable[[Event, O], Awaitable[Subject]] | None = None,
        give_up: float = math.inf,
        survives_boot: bool = False,
        retry_on: frozenset[int] = frozenset({Exit.TRY_AGAIN}),
        takes_anything: bool = False,
        timeout: float = TIMEOUT,
        validate: Validate | None = None,
    ) -> None:
        """``options`` is a dataclass of declared fields (PluginError if it declares one of mon's letters).

        ``deliver`` is a coroutine function, or a plain one that blocks: that runs in a thread. ``about`` is its help
        (default: the docstring of the module that ``deliver`` is in). ``takes_anything``: arguments that cannot be
        read are no error; the alert finds them in ``event.arguments``. ``timeout``: seconds that one attempt may take
        (0: no limit), after which it counts as TryAgain. ``survives_boot``: what an ordered alert changes is elsewhere,
        and not lost when this machine starts again; without it, outages are alerted anew then. ``validate`` says what
        is wrong with options that the declarations let pass (see ``pymon.plugin.validation``).
        """
        blocks = not asyncio.iscoroutinefunction(deliver)
        self._about = about_of(about, deliver)
        self._deliver: Callable[[Event, O], Awaitable[AlertOutcome]] = Blocking(deliver) if blocks else deliver  # type: ignore[assignment]  # told apart by the line before
        self._options = options
        self._order_by = order_by
        self._look_up = look_up
        self._give_up = give_up
        self._survives_boot = survives_boot
        self._retry_on = retry_on
        self._takes_anything = takes_anything
        self._timeout = timeout
        self._validate = validate
        self._parser = OptionParser(options, EventOptions, common=(_Attempts,))

    @property
    def ordered(self) -> bool:
        """Whether the newest decision about the same thing wins."""
        return self._order_by is not None

    @property
    def survives_boot(self) -> bool:
        """Whether what it changed is still so after a start of this machine."""
        return self._survives_boot

    @property
    def retry_on(self) -> frozenset[int]:
        """The exit codes after which a later try can help."""
        return self._retry_on

    def order_key(self, invocation: Invocation) -> str:
        """What the call acts upon. Calls with wrong options share a key of their own: each fails at once."""
        if self._order_by is None:
            return ""
        try:
            parsed = self._parse(invocation.arguments)
            event = event_of(parsed.of(EventOptions), invocation)
            return self._order_by(event, parsed.of(self._options))
        except PluginUsageError:
            return _WRONG

    async def look_up(self, invocation: Invocation) -> Subject:
        """What the call acts upon, by the addresses that its names have now."""
        if self._look_up is None:
            return Subject(frozenset({self.order_key(invocation)}))
        try:
            parsed = self._parse(invocation.arguments)
            return await self._look_up(event_of(parsed.of(EventOptions), invocation), parsed.of(self._options))
        except UnusableFile as error:
            return Subject(frozenset({self.order_key(invocation)}), warning=str(error))
        except PluginUsageError:
            return Subject(frozenset({_WRONG}))

    def validate(
        self, arguments: Sequence[str], environ: Mapping[str, str], hosts: int = 0
    ) -> tuple[ArgumentProblem, ...]:
        """What is wrong with the arguments of an alert line, without telling anybody. May read files they name."""
        if self._takes_anything:
            return ()
        wrong = self._parser.problems(arguments)
        if wrong:
            return tuple(problem_of(error, arguments) for error in wrong)
        parsed = self._parser.parse(arguments)
        if parsed.of(EventOptions).help:
            return ()
        ignored = tuple(
            ArgumentProblem(f"unknown option {letter} is passed over", index, Fault.IGNORED)
            for letter, index in zip(parsed.unknown, parsed.unknown_at, strict=True)
        )
        return (*ignored, *ask(self._validate, Given(parsed.of(self._options), tuple(arguments), environ)))

    async def run(self, invocation: Invocation) -> Answer:
        """Deliver one call; gives exit code and output. What ``deliver`` raises, other than wrong options and
        errors of the operating system, is raised."""
        program = _program(invocation)
        try:
            parsed = self._parse(invocation.arguments)
            given = parsed.of(EventOptions)
            if given.help:
                return Answer(Exit.OK, self._parser.usage(program, self._about))
            outcome = await self._attempts(event_of(given, invocation), parsed)
        except UnusableFile as error:
            return Answer(Exit.TRY_AGAIN, f"{program}: {error}\n")
        except PluginUsageError as error:
            return Answer(Exit.USAGE, f"{program}: {error}\ntry {program} --help\n")
        except OSError as error:
            return Answer(exit_of(error), f"{program}: {error}\n")
        unknown = () if self._takes_anything else parsed.unknown
        notes = "".join(f"Unknown option: {letter[1]}\n" for letter in unknown)
        text = outcome.text
        return Answer(int(outcome.exit), notes + (text if not text or text.endswith("\n") else text + "\n"))

    async def _attempts(self, event: Event, parsed: Parsed) -> AlertOutcome:
        options, attempts = parsed.of(self._options), parsed.of(_Attempts)
        given: float | None = getattr(options, "timeout", attempts.timeout)
        limit = (self._timeout if given is None else given) or None
        left, pause = attempts.retries, 1.0
        while True:
            outcome = await self._attempt(event, options, limit)
            if isinstance(outcome, TryAgain) and (old := time.time() - event.time) > self._give_up:
                return Failed(f"{outcome.text.rstrip()}\nit is given up: it happened {format_duration(round(old))} ago")
            if not isinstance(outcome, TryAgain) or left <= 0:
                return outcome
            left -= 1
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _attempt(self, event: Event, options: O, limit: float | None) -> AlertOutcome:
        try:
            async with asyncio.timeout(limit) as deadline:
                return await self._deliver(event, options)
        except TimeoutError:
            if not deadline.expired():
                raise
            return TryAgain(f"{event.program}: timeout after {limit:g} seconds")

    def _parse(self, arguments: Sequence[str]) -> Parsed:
        try:
            return self._parser.parse(arguments)
        except PluginUsageError:
            if not self._takes_anything:
                raise
            return self._parser.parse(())

    def main(self, arguments: Sequence[str] | None = None) -> NoReturn:
        """Run as a program: arguments, environment and standard input in, output and exit code out."""
        is_help = "--help" in (sys.argv[1:] if arguments is None else arguments)
        stdin = "" if is_help or sys.stdin is None else decode(sys.stdin.buffer.read())
        run_and_leave(self.run(called_with(arguments, stdin)))


async def run_program(
    command: Sequence[str], event: Event, *, stdin: str = "", time_limit: float = 60.0
) -> CheckResult:
    """Run a program with the alert's own environment, and give its exit value and output (both streams).

    ``command`` is an argument list, the first word a path. It is ended after ``time_limit`` seconds; what it leaves
    running in the background when it has exited goes on. Of an argument that no program can be given (128 KiB or more)
    it gets the beginning.
    """
    from pymon.contract.environ import fit  # noqa: PLC0415  # few alerts need these
    from pymon.process.execution import run_process  # noqa: PLC0415

    arguments = tuple(fit(word, ARGUMENT_LIMIT) for word in command[1:])
    invocation = Invocation(command[0], arguments, event.environ, stdin)
    return await run_process([command[0]], invocation, time_limit=time_limit, reap_group=False)


async def append(path: str | Path, text: str) -> None:
    """Append text to a file, in one piece, without holding up the event loop. Raises OSError."""
    await Blocking(_append, key=(_append, os.fspath(path)))(path, text)  # a share that hangs is only that file's


def _program(invocation: Invocation) -> str:
    return invocation.path.rpartition("/")[2]


def _append(path: str | Path, text: str) -> None:
    with open(path, "ab") as file:
        file.write(encode(text))
