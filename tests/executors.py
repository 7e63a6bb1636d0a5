"""An executor that tests script: no program runs, and in virtual time a check lasts as long as its result says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pymon.contract.check_order import CheckOrder
from pymon.model.result import CheckResult

WELL = CheckResult(0, "", source="script")


class ScriptedExecutor:
    """An ``Executor`` that gives what ``script`` says, after the duration of that result.

    ``orders`` are those that came, ``cancelled`` those that were ended before they had a result.
    """

    def __init__(self, script: Callable[[CheckOrder], CheckResult] = lambda _order: WELL) -> None:
        self.script = script
        self.orders: list[CheckOrder] = []
        self.cancelled: list[CheckOrder] = []

    async def execute(self, order: CheckOrder) -> CheckResult:
        """As of ``Executor``."""
        self.orders.append(order)
        result = self.script(order)
        try:
            await asyncio.sleep(result.duration)
        except asyncio.CancelledError:
            self.cancelled.append(order)
            raise
        return result
