"""The kernel's table, on a real kernel: each case of kernel_cases.py, run in one go inside the guest."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.ahead import Queues
from tests.ipvs import kernel_cases
from tests.uml.ahead import in_guest

LIMIT = 900.0
"""seconds for all cases; on an idle machine they take about 40"""
CASES = in_guest(Path(kernel_cases.__file__), limit=LIMIT)
pytestmark = [pytest.mark.uml, pytest.mark.ahead(CASES)]
_results: dict[str, str] = {}


def _problem(queues: Queues, case: str) -> str:
    """What went wrong in a case, or nothing. The first call waits for them all."""
    if not _results:
        run = queues.result(CASES)
        sys.stderr.write(run.stderr)
        for line in run.stdout.splitlines():
            result = json.loads(line)
            _results[result["case"]] = result["problem"]
        for name in kernel_cases.cases():
            _results.setdefault(name, f"it did not run: {run}")
    return _results[case]


@pytest.mark.parametrize("case", kernel_cases.cases())
def test_on_the_real_table(uml_possible: None, queues: Queues, case: str) -> None:
    problem = _problem(queues, case)
    if problem:
        pytest.fail(problem, pytrace=False)
