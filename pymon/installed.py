"""The plugins that installed packages offer, by the entry-point groups ``pymon.monitors`` and ``pymon.alerts``.

    [project.entry-points."pymon.monitors"]
    "redis.monitor" = "pymon_redis:monitor"

The name is what mon.cf calls it, the object is the Monitor or Alert. Here they are found, not imported.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

MONITORS = "pymon.monitors"
ALERTS = "pymon.alerts"

log = logging.getLogger("pymon.plugin")


class Offer(NamedTuple):
    """One plugin of a package. ``target`` is ``MODULE:OBJECT``, ``package`` its name and version."""

    name: str
    target: str
    package: str

    @property
    def origin(self) -> str:
        """Where it is from, for people."""
        return f"{self.package} ({self.target})"


def offers(group: str) -> dict[str, list[Offer]]:
    """What the installed packages offer in a group, by name: the first of a name is the one that counts.

    Packages come in the order of their names. One whose metadata cannot be read is logged, and passed over.
    """
    from importlib.metadata import distributions  # noqa: PLC0415  # it takes its time, and not all who come here need it

    found: dict[str, dict[str, Offer]] = {}  # of each package of a name the first on sys.path, as Python imports it
    for distribution in distributions():
        for offer in _offers_of(distribution, group):
            package = offer.package.partition(" ")[0]
            found.setdefault(offer.name, {}).setdefault(package, offer)
    return {name: [packages[package] for package in sorted(packages)] for name, packages in found.items()}


def _offers_of(distribution: Distribution, group: str) -> list[Offer]:
    try:
        text = distribution.read_text("entry_points.txt")
        if text is None or group not in text:
            return []  # so that the metadata of the many others need not be read
        package = f"{distribution.metadata['Name']} {distribution.version}"
        return [
            Offer(entry.name, _target(entry), package) for entry in distribution.entry_points if entry.group == group
        ]
    except Exception as error:
        log.warning("passed over an installed package whose metadata cannot be read: %s (%s)", error, distribution)
        return []


def _target(entry: EntryPoint) -> str:
    return entry.value.partition("[")[0].strip()  # what a package needs besides ("extras") is pip's business
