"""What an alert of mon.cf acts upon, as far as anybody can say.

An alert that orders its calls says so itself, by the meaning of its arguments (``order_key``). Of other programs only
the words are known.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from pymon.contract.alert_options import alert_arguments
from pymon.contract.invocation import Invocation
from pymon.model.debt import Target
from pymon.model.service import Command, Service
from pymon.model.status import EventKind
from pymon.model.variables import MonVariable
from pymon.runner.registry import PluginFile

log = logging.getLogger("pymon.alert")

WRONG_OPTIONS = "wrong options"
"""what the kit gives for a call whose options cannot be read: that is no thing to act upon"""


def target_of(service: Service, command: Command, file: PluginFile | None, environ: Mapping[str, str]) -> Target:
    """What an alert acts upon when it is called for a service. ``file`` is its program, None if it was not found.

    ``environ`` is the environment that every alert starts from.
    """
    plugin = None if file is None else file.plugin
    if file is not None and plugin is not None and plugin.ordered:
        names: dict[str, str] = {MonVariable.GROUP: service.group, MonVariable.SERVICE: service.name}
        arguments = alert_arguments(service.name, service.group, "", 0, EventKind.FAILURE, command.arguments)
        try:
            key = plugin.order_key(Invocation(file.path, arguments, {**environ, **dict(service.environment), **names}))
        except Exception:
            log.exception("%s cannot say what it acts upon (%s)", file.name, command)
        else:
            if key != WRONG_OPTIONS:
                # What changes the kernel of this machine does not do so for a check that is broken.
                heeds_broken = bool(getattr(plugin, "survives_boot", False))
                return Target(f"{file.name} {key}", is_meant=True, heeds_broken=heeds_broken)
    return Target("\0".join((command.name, *command.arguments)))
