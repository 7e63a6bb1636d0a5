"""Sites whose day is over in a moment: every test of this folder is one of virtual time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.engine.virtual.site import VirtualSite

MakeSite = Callable[..., VirtualSite]
"""``VirtualSite`` without its directory"""


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Periods and texts are in UTC, wherever the tests run."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
async def site(tmp_path: Path, utc: None) -> MakeSite:
    """``site(text of mon.cf)``: see ``VirtualSite``."""
    return partial(VirtualSite, tmp_path)
