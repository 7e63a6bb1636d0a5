"""``pymon plugin new``, ``test`` and ``list``: for those who write monitors and alerts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from pymon.contract.invocation import Invocation
from pymon.errors import PluginError
from pymon.executable import examine
from pymon.model.settings import Settings
from pymon.model.status import EventKind
from pymon.runner.limits import RunnerLimits
from pymon.runner.registry import PluginFile
from pymon.workbench import catalogue
from pymon.workbench.calls import TrialEvent, TrialService, make_alert_call, make_monitor_call
from pymon.workbench.conformance import Trial, TrialRun, find, try_out
from pymon.workbench.conformance import kind_of as kind_of_plugin
from pymon.workbench.report import ReportLine, account_of_process, account_of_the_rest, escape
from pymon.workbench.scaffold import write_draft

WELL, MISBEHAVED = 0, 1
"""exit statuses"""

OWN_OPTIONS = frozenset(
    {"--configfile", "--group", "--service", "--env", "--time-limit", "--kind", "--summary", "--detail", "--host"}
)
"""the long options of ``pymon plugin test``, which stand before the plugin"""

_USAGE = (126, 64)
"""what plugins exit with when they do not know an option"""

_STYLES = {"": "", "title": "bold", "good": "green", "bad": "red", "note": "yellow"}


class PluginCall(NamedTuple):
    """How a plugin is to be tried: ``words`` follow its name. What ``happened`` is for alerts only."""

    words: Sequence[str]
    about: TrialService
    happened: TrialEvent
    time_limit: float


def new(name: str, directory: Path) -> int:
    """Write a plugin and its test, and say what to do with them."""
    written = write_draft(name, directory)
    for path in written:
        print(f"{path} written")
    plugin, test = written
    hosts = " 127.0.0.1" if name.endswith(".monitor") else ""
    print(f"\nTry it:\n  pymon plugin test {plugin}{hosts}\n  pytest {test}")
    return WELL


def test(plugin: str, call: PluginCall, *, configfile: Path | None, default: Path) -> int:
    """Run a plugin both ways, and print a report. Exit status 0 if it behaved, whatever its verdict, else 1."""
    _silence_log()
    settings, _ = catalogue.settings_of(configfile, default)
    trial = asyncio.run(_try(plugin, call, settings))
    _print(account_of_the_rest(trial))
    misplaced = [word for word in call.words if word.partition("=")[0] in OWN_OPTIONS]
    if misplaced and trial.exitval in _USAGE:
        _print([ReportLine(f"note: {misplaced[0]} stands behind {plugin}, so that it went to the plugin", "note")])
    return MISBEHAVED if trial.problems else WELL


async def _try(plugin: str, call: PluginCall, settings: Settings) -> Trial:
    began = time.perf_counter()
    file = await asyncio.to_thread(_find, plugin, settings)
    loaded_in = time.perf_counter() - began
    is_alert = kind_of_plugin(file) == "alert"
    invocation = _invocation(file.path, call, settings, is_alert=is_alert)

    def tell(process: TrialRun) -> None:
        _print(account_of_process(file, invocation, process, call.about.environ))

    # told at once: what the plugin does in process may end this program
    trial = await try_out(file, invocation, time_limit=call.time_limit, is_alert=is_alert, on_process=tell)
    return trial._replace(loaded_in=loaded_in)


def _find(plugin: str, settings: Settings) -> PluginFile:
    """A file, if there is one (or the word is a path), ``MODULE:OBJECT``, else what mon.cf means by the name."""
    there = examine(plugin)
    if there.obstacle:
        raise PluginError(escape(": ".join(filter(None, (there.obstacle, there.advice)))))
    if "/" in plugin or ":" in plugin or there.path:
        return find(plugin)
    found = catalogue.find_by_name(plugin, settings)
    if found is None:
        if obstacle := catalogue.find_obstacle(plugin, settings):
            raise PluginError(f"{escape(plugin)} cannot be run: {escape(obstacle)}")
        raise PluginError(f"there is no file {plugin}, and no plugin of that name (pymon plugin list tells which are)")
    return found


def _invocation(path: str, call: PluginCall, settings: Settings, *, is_alert: bool) -> Invocation:
    if is_alert:
        return make_alert_call(path, call.words, call.happened, call.about, settings)
    return make_monitor_call(path, call.words, call.about, settings)


def list_plugins(
    configfile: Path | None,
    default: Path,
    *,
    monitors: bool,
    alerts: bool,
    limits: RunnerLimits = catalogue.DEFAULT_LIMITS,
) -> int:
    """Print the plugins that the daemon would find."""
    _silence_log()
    settings, name = catalogue.settings_of(configfile, default)
    print(f"configuration: {escape(name)}\n")
    if monitors:
        _print(catalogue.catalogue("monitors", settings.mondir, catalogue.monitors(settings, limits)))
    if monitors and alerts:
        print()
    if alerts:
        _print(catalogue.catalogue("alerts", settings.alertdir, catalogue.alerts(settings, limits)))
    return WELL


def variables(words: Sequence[str]) -> dict[str, str]:
    """``NAME=value`` words as variables. Raises PluginError for a word of another form."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise PluginError(f"{escape(word)} is not of the form NAME=value")
        found[name] = value
    return found


def kind_of(text: str) -> EventKind:
    """The kind of event of a name; PluginError with all names if there is none."""
    try:
        return EventKind(text)
    except ValueError as error:
        raise PluginError(f"{escape(text)} is no kind of event: {', '.join(EventKind)}") from error


def _silence_log() -> None:
    """Silence the runner's log: the report has the same facts."""
    logging.getLogger("pymon").addHandler(logging.NullHandler())


def _print(lines: Iterable[ReportLine]) -> None:
    console = Console(highlight=False)
    for line in lines:
        # not wrapped: a path that is cut in two cannot be copied
        console.print(Text(line.text, style=_STYLES[line.style]), soft_wrap=True)
