"""One check as an executor gets it, with all that it needs on another machine as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pymon.model.depend import ServiceKey


class CheckOrder(NamedTuple):
    """One check of a service. ``pymon.contract.check_json`` has its form for the wire.

    ``monitor`` is the name that mon.cf uses; which program that is, the executor finds out. ``arguments`` are all that
    the monitor is called with (argv without argv[0]): its options and, unless its line in mon.cf ends in ``;;``, the
    hosts. ``hosts`` are those of the group that this check is about, as mon.cf writes them.
    ``environment`` is what mon's contract adds to the environment in which the executor runs its monitors: the
    service's own variables, and those whose names begin with ``MON_``. ``time_limit`` is in seconds.
    ``inprocess`` says whether the monitor may run inside the executor's own process, if it has the form for that.
    Text is UTF-8 with surrogateescape.
    """

    key: ServiceKey
    monitor: str
    arguments: tuple[str, ...]
    hosts: tuple[str, ...]
    environment: Mapping[str, str]
    time_limit: float
    inprocess: bool = True
