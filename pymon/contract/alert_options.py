"""The options by which mon tells an alert what happened, for both sides of the call.

``-s SERVICE -g GROUP -h "HOST HOST" -t EPOCH [-u|-a|-D|-T|-O] ARGUMENTS``; the documented ``-l`` is never passed.
Imports next to nothing, since every alert that runs as a program starts with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pymon.model.status import EventKind

SERVICE = "-s"
GROUP = "-g"
HOSTS = "-h"
TIME = "-t"
NEXT_ALERT = "-l"
KIND_OPTIONS: Mapping[EventKind, str] = {
    EventKind.UP: "-u",
    EventKind.ACK: "-a",
    EventKind.DISABLE: "-D",
    EventKind.TRAP: "-T",
    EventKind.TRAPTIMEOUT: "-O",
}
"""the option that tells the kind of event; the other kinds have none"""


def alert_arguments(
    service: str, group: str, hosts: str, at: float, kind: EventKind, own: Sequence[str] = ()
) -> tuple[str, ...]:
    """The arguments of an alert; ``own`` are those of its line in mon.cf, ``at`` is when it was noticed."""
    option = KIND_OPTIONS.get(kind)
    told = () if option is None else (option,)
    return (SERVICE, service, GROUP, group, HOSTS, hosts, TIME, str(int(at)), *told, *own)
