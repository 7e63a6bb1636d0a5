"""The plugins that the daemon would find, as a table for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pymon.config.loader import complete
from pymon.config.loader import read as read_configuration
from pymon.installed import ALERTS, MONITORS
from pymon.model.settings import Settings
from pymon.runner.registry import Found, PluginFile, everything, scan
from pymon.workbench.account import Line, shown


def settings_of(configfile: Path | None, default: Path) -> tuple[Settings, str]:
    """The settings of a configuration, and its name for people.

    Without one, of the ``default`` if it is there, else mon's own. Raises ConfigError if there is no text to read; what
    is wrong in it otherwise does not matter here.
    """
    if configfile is None and not default.exists():
        return complete(Settings(), {}), "none, so mon's own directories"
    file = configfile or default
    return read_configuration(file).site.settings, str(file)


def find_by_name(name: str, settings: Settings) -> PluginFile | None:
    """The plugin that mon.cf means by a name: a monitor, or an alert if the name ends so."""
    if name.endswith(".alert"):
        return scan(settings.alertdir, {name}, group=ALERTS).get(name)
    return scan(settings.mondir, {name}, group=MONITORS).get(name)


def monitors(settings: Settings) -> list[Found]:
    """All monitors, those hidden by others too."""
    return everything(settings.mondir, MONITORS)


def alerts(settings: Settings) -> list[Found]:
    """All alerts, those hidden by others too."""
    return everything(settings.alertdir, ALERTS)


def catalogue(title: str, directories: Sequence[str], found: Iterable[Found]) -> Iterator[Line]:
    """A table of plugins: name, how it runs, where it is from; under it where there could be more."""
    rows = list(found)
    width = max((len(shown(each.name)) for each in rows), default=0)
    yield Line(title, "title")
    for each in rows:
        kind = "broken" if each.problem else each.kind
        beginning = f"  {shown(each.name):<{width}}  {kind:<10}  {shown(each.origin)}"
        if each.shadowed_by:
            yield Line(f"{beginning}  (hidden by {shown(each.shadowed_by)})", "note")
        elif each.problem:
            yield Line(f"{beginning}  (runs as a program: {shown(each.problem)})", "bad")
        else:
            yield Line(beginning)
    if not rows:
        yield Line("  none")
    absent = [directory for directory in directories if not Path(directory).is_dir()]
    yield Line(f"  looked in {shown(':'.join(directories))}, and in installed packages before the last")
    if absent:
        yield Line(f"  not there: {shown(' '.join(absent))}", "note")
