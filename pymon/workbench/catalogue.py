"""The plugins that the daemon would find, as a table for people."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pymon.config.loader import complete_settings
from pymon.config.loader import read as read_configuration
from pymon.executable import search
from pymon.installed import ALERTS, MONITORS
from pymon.model.settings import Settings
from pymon.runner.limits import RunnerLimits
from pymon.runner.registry import FoundPlugin, PluginFile, everything, scan
from pymon.workbench.conformance import kind_of
from pymon.workbench.report import ReportLine, escape
from pymon.workbench.silenced_output import silence_output

DEFAULT_LIMITS = RunnerLimits()


def settings_of(configfile: Path | None, default: Path) -> tuple[Settings, str]:
    """The settings of a configuration, and its name for people.

    Without one, of the ``default`` if it is there, else mon's own. Raises ConfigError if there is no text to read; what
    is wrong in it otherwise does not matter here.
    """
    if configfile is None and not os.path.lexists(default):
        return complete_settings(Settings(), {}), "none, so mon's own directories"
    file = configfile or default
    return read_configuration(file).site.settings, str(file)


def find_by_name(name: str, settings: Settings) -> PluginFile | None:
    """The plugin that mon.cf means by a name: a monitor, or an alert if the name ends so."""
    if name.endswith(".alert"):
        return scan(settings.alertdir, {name}, group=ALERTS).get(name)
    return scan(settings.mondir, {name}, group=MONITORS).get(name)


def find_obstacle(name: str, settings: Settings) -> str:
    """Why what mon.cf means by a name cannot be run, with what helps; empty if nothing has the name."""
    found = search(name, settings.alertdir if name.endswith(".alert") else settings.mondir)
    return found.obstacle + (f": {found.advice}" if found.advice else "")


def monitors(settings: Settings, limits: RunnerLimits = DEFAULT_LIMITS) -> list[FoundPlugin]:
    """All monitors, those hidden by others too, and what cannot be run; tells of imports that take their time."""
    return _everything(settings.mondir, MONITORS, ".monitor", limits)


def alerts(settings: Settings, limits: RunnerLimits = DEFAULT_LIMITS) -> list[FoundPlugin]:
    """All alerts, the same."""
    return _everything(settings.alertdir, ALERTS, ".alert", limits)


def _everything(directories: Sequence[str], group: str, suffix: str, limits: RunnerLimits) -> list[FoundPlugin]:
    with silence_output() as tell:

        def tell_of(origin: str) -> None:
            tell(f"{escape(origin)} is being imported (for {limits.import_time:g} s at most) …")

        return everything(directories, group, suffix=suffix, limits=limits, on_slow=tell_of)


def catalogue(title: str, directories: Sequence[str], found: Iterable[FoundPlugin]) -> Iterator[ReportLine]:
    """A table of plugins: name, how it runs, where it is from; under it where there could be more.

    ``title`` is ``monitors`` or ``alerts``; one of the other kind is marked as such.
    """
    rows = list(found)
    width = max((len(escape(each.name)) for each in rows), default=0)
    yield ReportLine(title, "title")
    for each in rows:
        kind = "broken" if each.problem else each.kind
        other = kind_of(each.file) if each.file.plugin is not None else ""
        beginning = f"  {escape(each.name):<{width}}  {kind:<10}  {escape(each.origin)}"
        if each.shadowed_by:
            yield ReportLine(f"{beginning}  (hidden by {escape(each.shadowed_by)})", "note")
        elif other and not title.startswith(other):
            article = "an" if other == "alert" else "a"
            yield ReportLine(f"{beginning}  ({article} {other}, none of the {title})", "note")
        elif each.kind == "not":
            yield ReportLine(f"{beginning}  ({escape(each.problem)})", "bad")
        elif each.problem:
            yield ReportLine(f"{beginning}  (runs as a program: {escape(each.problem)})", "bad")
        else:
            yield ReportLine(beginning)
    if not rows:
        yield ReportLine("  none")
    absent = [directory for directory in directories if not os.path.isdir(directory)]  # noqa: PTH112  # never raises
    yield ReportLine(f"  looked in {escape(':'.join(directories))}, and in installed packages before the last")
    if absent:
        yield ReportLine(f"  not there: {escape(' '.join(absent))}", "note")
