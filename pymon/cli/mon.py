"""``mon``: the daemon with mon's own command line (mon(8))."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pymon
from pymon.cli import background
from pymon.config.loader import load
from pymon.config.time_values import parse_timeval
from pymon.engine.daemon import leave_behind_threads, prepare_process, watch
from pymon.engine.log import set_up_logging
from pymon.engine.mon_state_sync import parse_kinds
from pymon.errors import PymonError
from pymon.getopt_long import AmbiguousOption, UnknownOption, find_name, split_word
from pymon.model.settings import Settings
from pymon.runner.event_loop import DaemonLoop
from pymon.server.server import Server

log = logging.getLogger("pymon")

DESCRIPTION = "Watch services and send alerts, as mon.cf says. Every option of mon(8) is understood."
EPILOG = (
    "Values given here beat those of the configuration file, at every re-read (SIGHUP) too. "
    "'pymon check FILE' explains what is wrong with a configuration."
)

_OVERRIDES = {
    "authfile": "authfile",
    "statedir": "statedir",
    "logdir": "logdir",
    "syslogfacility": "syslog_facility",
    "pidfile": "pidfile",
    "alertdir": "alertdir",
    "basedir": "basedir",
    "cfbasedir": "cfbasedir",
    "maxkeep": "histlength",
    "maxprocs": "maxprocs",
    "port": "serverport",
    "randstart": "randstart",
    "scriptdir": "mondir",
    "trapport": "trapport",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the daemon; returns its exit status (0 after SIGTERM, 1 when it cannot start, 2 for a wrong option)."""
    parser = _parser()
    options = parser.parse_args(_with_two_dashes(sys.argv[1:] if argv is None else argv, parser.long_options))
    overrides = _overrides(options)
    configfile = Path(options.configfile or Path(options.cfbasedir or Settings().cfbasedir) / "mon.cf")
    read = partial(load, configfile.absolute(), overrides=overrides, m4=options.m4)
    behind: background.Background | None = None
    try:
        prepare_process()
        if options.basedir and (problem := _problem_with(options.basedir)):
            parser.error(f"basedir {options.basedir}{problem}")
        loaded = read()
        settings = loaded.site.settings
        if options.fork:
            behind = background.detach(settings.monerrfile)
        listener = set_up_logging(
            level=logging.DEBUG if options.debug else logging.INFO,
            stderr=True,
            syslog_facility=settings.syslog_facility,
        )
        pidfile = _pidfile(options, settings)
        watching = watch(
            read,
            first=loaded,
            pidfile=pidfile,
            stopped=options.stopped,
            loadstate=parse_kinds(options.loadstate),
            attach=(Server,),
            on_start=behind.report_start if behind else None,
            on_stop=leave_behind_threads,
        )
        del loaded  # the first reload is to free it
        try:
            with asyncio.Runner(loop_factory=DaemonLoop) as runner:
                runner.run(watching)
        except PymonError as error:
            if behind is not None:  # nobody may ever look into monerrfile: syslog is told as well
                log.error("%s", error)
            raise
        finally:
            listener.stop()
    except PymonError as error:
        print(f"mon: {error}", file=sys.stderr)
        if behind is not None:
            behind.report_failure(str(error))
        return 1
    return 0


class _Parser(argparse.ArgumentParser):
    """Remembers the long options, by which those behind one dash are known."""

    long_options: dict[str, str]

    def add_argument(self, *names: Any, **declared: Any) -> argparse.Action:
        """Declare an option, as ArgumentParser has it."""
        action = super().add_argument(*names, **declared)
        known = self.__dict__.setdefault("long_options", {})  # the first is --help, before __init__ has ended
        known.update({name[2:]: action.dest for name in action.option_strings if name.startswith("--")})
        return action


def _parser() -> _Parser:
    parser = _Parser(prog="mon", description=DESCRIPTION, epilog=EPILOG)
    add = parser.add_argument
    add("-A", "--authfile", metavar="FILE", help="who may do what (default auth.cf in the cfbasedir)")
    add("-B", "--cfbasedir", metavar="DIR", help="where configuration files lie (default /etc/mon)")
    add("-D", "--statedir", metavar="DIR", help="where state is kept")
    add("-L", "--logdir", metavar="DIR", help="where the downtime log and histories go")
    add("-M", "--m4", metavar="PATH", nargs="?", const="m4", help="pass the configuration through m4 (or PATH)")
    add("-O", "--syslogfacility", metavar="NAME", help="syslog facility (default daemon)")
    add("-P", "--pidfile", metavar="FILE", help="pid file; empty for none")
    add("-S", "--stopped", action="store_true", help="start with the scheduler stopped")
    add("-a", "--alertdir", metavar="DIRS", help="where alerts are, colon-separated")
    add("-b", "--basedir", metavar="DIR", help="what relative directories start from (default /usr/lib/mon)")
    add("-c", "--configfile", metavar="FILE", help="the configuration (default mon.cf in the cfbasedir)")
    add("-d", "--debug", action="count", default=0, help="log what happens in detail")
    add("-f", "--fork", action="store_true", help="go into the background")
    add("-i", "--sleep", metavar="SECONDS", type=int, help="accepted and ignored: nothing waits for a turn of a loop")
    add("-k", "--maxkeep", metavar="N", type=int, help="length of the histories (default 100)")
    add("-l", "--loadstate", metavar="TYPE", nargs="?", const="disabled", choices=("disabled", "opstatus", "all"),
        help="load saved state: disabled (the default), opstatus or all")  # fmt: skip
    add("-m", "--maxprocs", metavar="N", type=int, help="how many monitor processes may run at the same time")
    add("-p", "--port", metavar="PORT", type=int, help="TCP port of the server (default 2583)")
    add("-r", "--randstart", metavar="TIME", type=_timeval, help="spread the first checks over this time (30s, 5m)")
    add("-s", "--scriptdir", metavar="DIRS", help="where monitors are, colon-separated")
    add("-t", "--trapport", metavar="PORT", type=int, help="UDP port for traps (default 2583)")
    add("-v", "--version", action="version", version=f"pymon {pymon.__version__}", help="print the version")
    add("ignored", nargs="*", help=argparse.SUPPRESS)
    return parser


def _timeval(text: str) -> float:
    try:
        return parse_timeval(text)
    except PymonError as error:
        raise argparse.ArgumentTypeError(f"bad randstart value: {error}") from error


def _with_two_dashes(argv: Sequence[str], long_options: Mapping[str, str]) -> list[str]:
    """Give long options behind one dash, as Perl's Getopt::Long takes them (``-configfile FILE``), a second one.

    What a shortened one means, and whether it is ambiguous, argparse tells.
    """
    return [f"-{word}" if _is_long_behind_one_dash(word, long_options) else word for word in argv]


def _is_long_behind_one_dash(word: str, long_options: Mapping[str, str]) -> bool:
    name, _ = split_word(word)
    if not word.startswith("-") or word.startswith("--") or len(name) < 2:
        return False
    try:
        find_name(name, long_options, ignore_case=False)
    except UnknownOption:
        return False  # letters in one word
    except AmbiguousOption:
        pass  # argparse says which it could be
    return True


def _overrides(options: argparse.Namespace) -> dict[str, object]:
    """What the command line sets, by the names of Settings.

    As in mon, ``0`` and the empty text override nothing, but for the pid file, where the empty text means none.
    """
    overrides: dict[str, object] = {}
    for option, setting in _OVERRIDES.items():
        value = getattr(options, option)
        if value or (option == "pidfile" and value is not None):
            overrides[setting] = tuple(value.split(":")) if setting in ("alertdir", "mondir") else value
    return overrides


def _problem_with(basedir: str) -> str:
    """What keeps a directory from being the basedir; empty if nothing does."""
    try:
        return "" if Path(basedir).is_dir() else " does not exist"
    except OSError as error:  # a directory above that must not be searched
        return f": {error.strerror}"


def _pidfile(options: argparse.Namespace, settings: Settings) -> Path | None:
    named = settings.pidfile if options.pidfile is None else options.pidfile
    if named is not None:
        return Path(named) if named else None
    for directory in ("/run/mon", "/run", "/etc"):
        if Path(directory).is_dir():
            return Path(directory) / "mon.pid"
    return None


if __name__ == "__main__":
    sys.exit(main())
