"""What performs one kind of request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pymon.model.request import Asker, Outcome

Handler = Callable[[Any, Asker], Awaitable[Outcome]]
"""takes the request that it stands for in its table, and who asks; an outcome that is not ok says why"""
