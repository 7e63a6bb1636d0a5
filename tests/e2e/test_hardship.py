"""A director through worse than a dead web server, on the real IPVS table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ahead import Queues
from tests.e2e.play import seen_in
from tests.tools import RequireTool
from tests.uml.ahead import in_guest

PLAY = in_guest(Path(__file__).with_name("hardship.py"), limit=1200.0)
pytestmark = [pytest.mark.uml, pytest.mark.ahead(PLAY)]


@pytest.fixture
def seen(uml_possible: None, queues: Queues, require_tool: RequireTool) -> dict[str, Any]:
    """What was seen on the director; played once for all tests."""
    require_tool("ipvsadm", package="ipvsadm", why="the judge of the IPVS table")
    return seen_in(PLAY, queues)


def test_a_missing_virtual_service_is_told_with_the_way_to_add_it(seen: dict[str, Any]) -> None:
    assert all("ipvsadm -A -t 192.0.2.100:80" in line for line in seen["complaints"])


def test_a_decided_change_is_made_once_the_virtual_service_is_there_even_by_the_next_daemon(
    seen: dict[str, Any],
) -> None:
    assert seen["entries_without_service"] == []
    assert seen["put_in"] == ["Route", 100]
    assert seen["put_in_after"] < 150


def test_killing_the_daemon_changes_nothing_in_the_table(seen: dict[str, Any]) -> None:
    assert seen["kept_when_killed"]
    assert seen["kept_while_dead"]


def test_the_next_daemon_takes_out_what_died_in_between_and_puts_it_back(seen: dict[str, Any]) -> None:
    assert seen["back_after_kill"] == ["Route", 100]


def test_a_quiesced_real_server_stays_with_weight_0_and_gets_no_request(seen: dict[str, Any]) -> None:
    assert seen["quiesced_after"] < 30
    assert set(seen["client_while_quiesced"]) == {"www1"}
    assert set(seen["client_after_quiescence"]) == {"www1", "www2"}


def test_a_host_off_the_network_is_told_by_its_ping_and_so_is_its_return(seen: dict[str, Any]) -> None:
    assert seen["pings_told_before"] == []
    assert seen["entry_off_the_network"] == ["Route", 0]
    down, up = seen["pings_told"]
    assert "www2 Server is DOWN" in down
    assert "www2 Server is UP" in up


def test_the_daemon_ends_with_status_0_after_all_of_it(seen: dict[str, Any]) -> None:
    assert seen["exit_status"] == 0
