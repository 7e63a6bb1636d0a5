"""The table in memory does what the kernel's does (table_cases.py)."""

from __future__ import annotations

import pytest

from pymon.ipvs.memory import MemoryTable
from tests.ipvs import table_cases


@pytest.mark.parametrize("case", table_cases.cases())
def test_in_memory(case: str) -> None:
    check_case = table_cases.cases()[case]
    check_case(MemoryTable())
