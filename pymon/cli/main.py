"""``pymon``: the command and its subcommands. Each one imports what it needs when it is called."""

from __future__ import annotations

import logging
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

import pymon
from pymon.errors import PymonError
from pymon.model.log_level import ALERT, SUPPRESSED
from pymon.model.settings import Settings

app = typer.Typer(
    name="pymon",
    help="Watch services, send alerts, and keep a Linux Virtual Server's table: a drop-in replacement for mon.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
lvs_app = typer.Typer(help="The kernel's IPVS table.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(lvs_app, name="lvs")
trap_app = typer.Typer(help="Results that are reported to a server.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(trap_app, name="trap")

plugin_app = typer.Typer(help="Write monitors and alerts of your own.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(plugin_app, name="plugin")

DEFAULT_FILE = Path(Settings().cfbasedir) / "mon.cf"


class LogStyle(StrEnum):
    """Forms of the log."""

    TEXT = "text"
    JSON = "json"


class SavedState(StrEnum):
    """mon's state files."""

    DISABLED = "disabled"
    OPSTATUS = "opstatus"
    ALL = "all"


class LogLevel(StrEnum):
    """How much is logged: each level includes those after it."""

    DEBUG = "debug"
    SUPPRESSED = "suppressed"
    INFO = "info"
    ALERT = "alert"
    WARNING = "warning"
    ERROR = "error"


_LEVELS = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.SUPPRESSED: SUPPRESSED,
    LogLevel.INFO: logging.INFO,
    LogLevel.ALERT: ALERT,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}


@app.command("run")
def run_command(
    configfile: Annotated[Path, typer.Option("--configfile", "-c", help="The configuration.")] = DEFAULT_FILE,
    log: Annotated[LogStyle, typer.Option(help="Form of the log on standard error.")] = LogStyle.TEXT,
    log_level: Annotated[LogLevel, typer.Option(help="'suppressed' tells why alerts were not sent.")] = LogLevel.INFO,
    mondir: Annotated[str, typer.Option(help="Where monitors are, colon-separated.")] = "",
    alertdir: Annotated[str, typer.Option(help="Where alerts are, colon-separated.")] = "",
    statedir: Annotated[str, typer.Option(help="Where state is kept.")] = "",
    logdir: Annotated[str, typer.Option(help="Where the downtime log and the histories go.")] = "",
    authfile: Annotated[Path | None, typer.Option(help="Who may do what [default: auth.cf in cfbasedir].")] = None,
    m4: Annotated[str, typer.Option(help="Pass the configuration through this m4.")] = "",
    syslog: Annotated[bool, typer.Option("--syslog", help="Write to syslog too.")] = False,
    stopped: Annotated[bool, typer.Option("--stopped", help="Start with the scheduler stopped.")] = False,
    loadstate: Annotated[
        SavedState | None, typer.Option(help="Load mon's state files, if newer than pymon's own.")
    ] = None,
) -> None:
    """Run the daemon in the foreground.

    It ends with SIGTERM or Ctrl-C (exit 0) and reads the configuration again on SIGHUP.
    """
    from pymon.cli.run import run  # noqa: PLC0415

    # what is given here is relative to where one stands; in mon.cf, and for mon's own options, it is to basedir
    directories = {"mondir": mondir, "alertdir": alertdir}
    overrides: dict[str, Any] = {
        name: tuple(str(Path(each).absolute()) for each in value.split(":"))
        for name, value in directories.items()
        if value
    }
    paths = {"statedir": statedir, "logdir": logdir, "authfile": authfile}
    overrides |= {name: str(Path(value).absolute()) for name, value in paths.items() if value}
    _finish(
        run(
            configfile,
            level=_LEVELS[log_level],
            style=log.value,
            overrides=overrides,
            m4=m4 or None,
            syslog=syslog,
            stopped=stopped,
            loadstate=loadstate.value if loadstate else None,
        )
    )


@app.command("check")
def check_command(
    file: Annotated[Path, typer.Argument(help="The configuration.")] = DEFAULT_FILE,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for programs.")] = False,
    explain: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="GROUP SERVICE", help="Print one service's values and where each comes from."),
    ] = None,
    m4: Annotated[str, typer.Option(help="Pass the configuration through this m4.")] = "",
    live: Annotated[
        bool, typer.Option("--live", help="Try on this machine, too: names, ports, directories, ping, IPVS.")
    ] = False,
) -> None:
    """Check a configuration: every problem at once, with file, line and column.

    The arguments of monitors and alerts are tried against what their plugins declare.

    Exit status: 0 clean, 1 warnings, 2 errors.
    """
    from pymon.cli.check import check  # noqa: PLC0415

    _finish(check(file, as_json=as_json, explain=explain, m4=m4 or None, live=live))


@lvs_app.command("show")
def lvs_show_command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for programs.")] = False,
) -> None:
    """Print the IPVS table, as 'ipvsadm -L -n' does."""
    from pymon.cli.lvs import show  # noqa: PLC0415

    _finish(show(as_json=as_json))


@app.command("why")
def why_command(
    group: Annotated[str, typer.Argument(help="The watch.")],
    service: Annotated[str, typer.Argument(help="The service of it.")],
    since: Annotated[
        str, typer.Option(metavar="2h|18:00|DATE", help="From then on; without it, the last 200 events.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for programs.")] = False,
    server: Annotated[str, typer.Option(help="Host of the daemon to ask (default: MONHOST, else localhost).")] = "",
    port: Annotated[str, typer.Option(help="Its port (default: mon, else 2583).")] = "",
    socket: Annotated[str, typer.Option(help="Its Unix socket, instead of host and port.")] = "",
    statedir: Annotated[str, typer.Option(help="Read the record in this directory; alone, ask no daemon.")] = "",
) -> None:
    """Tell why there was an alert, or none: what checks said, what was sent, held back, and done.

    Exit status: 0 told, 1 there is no such service, 2 nobody could be asked.
    """
    from pymon.cli.why import Where, why  # noqa: PLC0415

    where = Where(server=server, port=port, socket=socket, statedir=statedir)
    _finish(why(group, service, since=since, as_json=as_json, where=where))


@trap_app.command("send")
def trap_send_command(
    group: Annotated[str, typer.Argument(metavar="GROUP")],
    service: Annotated[str, typer.Argument(metavar="SERVICE")],
    status: Annotated[
        str, typer.Argument(metavar="STATUS", help="An exit value (0: all is well) or ok, fail, timeout…")
    ],
    summary: Annotated[str, typer.Argument(metavar="SUMMARY")],
    detail: Annotated[str, typer.Argument(metavar="DETAIL", help="More text; - reads the standard input.")] = "",
    host: Annotated[str, typer.Option(help="The server (default: MONHOST, else localhost).")] = "",
    port: Annotated[str, typer.Option(help="Its trapport (default: mon, else 2583).")] = "",
    user: Annotated[str, typer.Option(help="Who sends it.")] = "",
    password_file: Annotated[Path | None, typer.Option(help="A file whose first line is the password.")] = None,
) -> None:
    """Report a result to a server by a trap. Nobody says whether it was taken."""
    from pymon.cli.trap_send import send  # noqa: PLC0415

    _finish(
        send(
            *(group, service, status, summary, detail),
            host=host,
            port=port,
            user=user,
            password_file=password_file,
        )
    )


@plugin_app.command("new")
def plugin_new_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called: redis.monitor, pager.alert.")],
    directory: Annotated[Path, typer.Option("--dir", help="Where to; made if it is not there.")] = Path(),
) -> None:
    """Write a monitor or an alert to begin with, and its test. Both work, and say what to change."""
    from pymon.cli.plugin import new  # noqa: PLC0415

    _finish(new(name, directory))


@plugin_app.command("test", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def plugin_test_command(
    plugin: Annotated[str, typer.Argument(metavar="FILE", help="The plugin's file, or its name.")],
    words: Annotated[
        list[str] | None, typer.Argument(metavar="OPTION|HOST", help="What follows it on its line in mon.cf.")
    ] = None,
    configfile: Annotated[
        Path | None, typer.Option("--configfile", "-c", help=f"Whose mondir and alertdir [default: {DEFAULT_FILE}].")
    ] = None,
    group: Annotated[str, typer.Option(help="The watch it is called for.")] = "trial",
    service: Annotated[str, typer.Option(help="The service of it.")] = "plugin",
    env: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A variable, as of the service.")] = None,
    time_limit: Annotated[float, typer.Option(min=0.1, help="Seconds that each run may take.")] = 60.0,
    kind: Annotated[str, typer.Option(metavar="failure|up|ack|…", help="Alerts: the kind of event.")] = "failure",
    summary: Annotated[str, typer.Option(help="Alerts: what the monitor said, its first line.")] = "host1",
    detail: Annotated[str, typer.Option(help="Alerts: the rest of it.")] = "host1: connection refused",
    host: Annotated[list[str] | None, typer.Option(help="Alerts: a host of the group.")] = None,
) -> None:
    """Run a monitor or an alert as the daemon would, as a process and in process, and tell all about it.

    Options of this command stand before FILE; all that follows FILE goes to the plugin. An alert is delivered twice.

    Exit status: 0 if it did the same both ways and did not misbehave, whatever its verdict; else 1.
    """
    from pymon.cli.plugin import PluginCall, kind_of, test, variables  # noqa: PLC0415
    from pymon.workbench.calls import TrialEvent, TrialService  # noqa: PLC0415

    given = words or []
    call = PluginCall(
        given[1:] if given[:1] == ["--"] else given,
        TrialService(group, service, environ=variables(env or [])),
        TrialEvent(kind_of(kind), summary, detail, host or ["host1", "host2"]),
        time_limit,
    )
    _finish(test(plugin, call, configfile=configfile, default=DEFAULT_FILE))


@plugin_app.command("list")
def plugin_list_command(
    configfile: Annotated[
        Path | None, typer.Option("--configfile", "-c", help=f"Whose mondir and alertdir [default: {DEFAULT_FILE}].")
    ] = None,
    monitors: Annotated[bool, typer.Option("--monitors", help="Only monitors.")] = False,
    alerts: Annotated[bool, typer.Option("--alerts", help="Only alerts.")] = False,
) -> None:
    """List the plugins that the daemon would find, how each runs, where it is from, and which hide others."""
    from pymon.cli.plugin import list_plugins  # noqa: PLC0415

    both = monitors == alerts
    _finish(list_plugins(configfile, DEFAULT_FILE, monitors=monitors or both, alerts=alerts or both))


@app.command("passwd")
def passwd_command(
    file: Annotated[Path, typer.Argument(help="The userfile of mon.cf; made if it is not there.")],
    user: Annotated[str, typer.Argument(help="Whose password.")],
    from_stdin: Annotated[bool, typer.Option("--stdin", help="Take the first line of standard input.")] = False,
    delete: Annotated[bool, typer.Option("--delete", "-D", help="Remove the user.")] = False,
) -> None:
    """Set a user's password in a userfile (authtype userfile); a running daemon sees it at the next login."""
    from pymon.cli.passwd import passwd  # noqa: PLC0415

    _finish(passwd(file, user, from_stdin=from_stdin, delete=delete))


@app.command("demo")
def demo_command(
    once: Annotated[bool, typer.Option("--once", help="End after one round trip; exit 0 only if it happened.")] = False,
) -> None:
    """Show a failover: two web servers on loopback, one of which dies and comes back."""
    from pymon.cli.demo import demo  # noqa: PLC0415

    _finish(demo(once=once))


@app.command("version")
def version_command() -> None:
    """Print the version."""
    print(f"pymon {pymon.__version__}")


def _finish(status: int) -> None:
    if status:
        raise typer.Exit(status)


def main() -> None:
    """Run the command line; what the user can mend is said in a line, without a traceback."""
    try:
        app()
    except PymonError as error:
        print(f"pymon: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
