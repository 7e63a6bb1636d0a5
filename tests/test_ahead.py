"""Works done beside the tests: their results, their failures, and that nothing of them is left."""

from __future__ import annotations

import operator
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.ahead import WORK_TREE, Queues, Work


@pytest.fixture
def own() -> Iterator[Queues]:
    made = Queues()
    yield made
    made.close()


def test_works_of_a_lane_follow_one_another_whatever_becomes_of_one(own: Queues) -> None:
    works = [Work("x", operator.add, (1, 2)), Work("x", operator.truediv, (1, 0)), Work("x", operator.add, (3, 4))]
    own.start(works)
    assert own.result(works[2]) == 7
    assert own.result(works[0]) == 3
    for _ in range(2):
        with pytest.raises(pytest.fail.Exception, match=r"(?s)truediv\(1, 0\) failed:.*ZeroDivisionError"):
            own.result(works[1])


def test_a_work_that_was_not_begun_is_begun_when_it_is_asked_for(own: Queues) -> None:
    assert own.result(Work("x", operator.mul, (6, 7))) == 42


def test_a_lane_that_dies_is_told(own: Queues) -> None:
    with pytest.raises(pytest.fail.Exception, match="its queue has ended"):
        own.result(Work("x", os._exit, (3,)))


def test_a_work_under_way_ends_with_the_run(own: Queues) -> None:
    pid: Work[int] = Work("x", os.getpid)
    own.start([pid, Work("x", time.sleep, (3600,))])
    number = own.result(pid)
    own.close()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_a_daemon_under_test_ends_with_tests_that_are_killed() -> None:
    code = (
        "import subprocess, time\n"
        "from tests.tools import ends_with_the_tests\n"
        "daemon = subprocess.Popen(\n"
        "    ends_with_the_tests(['sh', '-c', 'echo up; exec sleep 600']), stdout=subprocess.PIPE\n"
        ")\n"
        "daemon.stdout.readline()\n"
        "print(daemon.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=WORK_TREE, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout is not None
        daemon = os.pidfd_open(int(tests.stdout.readline()))
        tests.kill()
    assert select.select([daemon], [], [], 30)[0]
    os.close(daemon)
