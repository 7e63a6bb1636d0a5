"""What a delivery acts upon, as its alert tells it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable

from pymon.alert.delivery import Delivery
from pymon.contract.plugin import Subject, WithSubject
from pymon.runner.registry import PluginFile

log = logging.getLogger("pymon.alert")


def order_key(delivery: Delivery) -> str:
    """What it is ordered by, as its text says it, with the alert's name before it; nothing if it is not ordered."""
    plugin = delivery.file.plugin
    if plugin is None or not plugin.ordered:
        return ""
    try:
        return _key_of(delivery.file, plugin.order_key(delivery.invocation))
    except Exception:
        log.exception("%s cannot be ordered, and is run at once: its order_key raised", delivery)
        return ""


async def look_up(delivery: Delivery, limit: float) -> Subject:
    """What it acts upon, by the addresses that its names have now; it may take ``limit`` seconds. Never raises."""
    plugin = delivery.file.plugin
    if isinstance(plugin, WithSubject):
        try:
            async with asyncio.timeout(limit):
                found = await plugin.look_up(delivery.invocation)
        except TimeoutError:
            log.error("%s is ordered by its text: its look_up takes over %g seconds", delivery, limit)
        except Exception:
            log.exception("%s is ordered by its text: its look_up raised", delivery)
        else:
            things, also = ({_key_of(delivery.file, each) for each in keys} for keys in (found.things, found.also))
            return found._replace(things=frozenset(things), also=frozenset(also))
    return Subject(frozenset({delivery.key}))


def _key_of(file: PluginFile, thing: Hashable) -> str:
    """A thing that an alert acts upon; other alerts act upon others. In whichever folder it lies, it is the same."""
    return f"{file.name.rpartition('/')[2]} {thing}"
