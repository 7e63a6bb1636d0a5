"""The site of etc/lvs.cf, end to end on the real IPVS table: a web server dies and comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ahead import Queues
from tests.e2e.play import seen_in
from tests.tools import RequireTool
from tests.uml.ahead import in_guest

pytestmark = pytest.mark.uml

PROGRAM = Path(__file__).with_name("failover.py")
LIMIT = 600.0
PLAYS = {
    method: in_guest(PROGRAM, [method, command], limit=LIMIT)
    for method, command in (("nat", "mon"), ("dr", "pymon"), ("tun", "pymon"))
}
FORWARD = {"nat": "Masq", "dr": "Route", "tun": "Tunnel"}
ENOUGH = 10
"""Requests of a phase (30) that a server must have answered to count as serving."""
SOON = 30.0
"""Seconds within which the table follows: an interval of 3 s, a check, and much room for a loaded machine."""


def _marks(method: str) -> list[pytest.MarkDecorator]:
    sample = [pytest.mark.sample] if method == "dr" else []
    return [pytest.mark.ahead(PLAYS[method]), *sample]


@pytest.fixture(params=[pytest.param(method, marks=_marks(method)) for method in PLAYS])
def played(
    request: pytest.FixtureRequest, uml_possible: None, queues: Queues, require_tool: RequireTool
) -> tuple[str, dict[str, Any]]:
    """The method, and what was seen while the site failed over by it; played once for all tests."""
    require_tool("ipvsadm", package="ipvsadm", why="the judge of the IPVS table")
    method = str(request.param)
    return method, seen_in(PLAYS[method], queues)


def test_a_healthy_site_serves_from_both(played: tuple[str, dict[str, Any]]) -> None:
    method, facts = played
    healthy = facts["healthy"]
    assert healthy["table"] == {"www1": [FORWARD[method], 100], "www2": [FORWARD[method], 100]}
    assert set(healthy["client"]) == {"www1", "www2"}
    assert min(healthy["answered"].values()) >= ENOUGH / 2


def test_a_dead_web_server_leaves_the_table_and_clients_go_on(played: tuple[str, dict[str, Any]]) -> None:
    method, facts = played
    one_dead = facts["one_dead"]
    assert one_dead["table"] == {"www2": [FORWARD[method], 100]}
    assert set(one_dead["client"]) == {"www2"}
    assert one_dead["client"]["www2"] >= ENOUGH
    assert one_dead["answered"]["www1"] == 0
    assert facts["removed_after"] < SOON


def test_it_returns_to_the_table_and_serves_again(played: tuple[str, dict[str, Any]]) -> None:
    method, facts = played
    recovered = facts["recovered"]
    assert recovered["table"] == {"www1": [FORWARD[method], 100], "www2": [FORWARD[method], 100]}
    assert "lost" not in recovered["client"]
    assert recovered["client"]["www1"] >= ENOUGH / 2
    assert recovered["answered"]["www1"] >= ENOUGH / 2
    assert facts["back_after"] < SOON


def test_packets_arrive_at_the_real_servers_in_the_form_of_the_method(played: tuple[str, dict[str, Any]]) -> None:
    method, facts = played
    for phase in ("healthy", "one_dead", "recovered"):
        for name, forms in facts[phase]["packets"].items():
            other_forms = {form: count for form, count in forms.items() if form != method}
            assert set(other_forms.values()) == {0}, (phase, name)
            served = facts[phase]["answered"][name]
            # A connection opens before its answer is counted: one may straddle either end of the phase. And where
            # all stands still for a second, the client's attempt is sent again.
            assert abs(forms[method] - served) <= 4, (phase, name)
    assert facts["one_dead"]["packets"]["www1"][method] == 0
    assert facts["one_dead"]["packets"]["www2"][method] >= ENOUGH


def test_answers_pass_the_director_with_nat_only(played: tuple[str, dict[str, Any]]) -> None:
    method, facts = played
    rows = [line.split() for line in facts["statistics"].splitlines() if line.startswith("TCP")]
    ((_, _, connections, packets_in, packets_out, *_),) = rows
    assert int(connections) > 3 * ENOUGH
    assert int(packets_in) > int(connections)
    assert (int(packets_out) > 0) == (method == "nat")


def test_pymon_lvs_show_prints_what_ipvsadm_prints(played: tuple[str, dict[str, Any]]) -> None:
    _, facts = played
    for reading in ("shows", "shows_one_dead"):
        theirs, ours = facts[reading]
        assert ours == theirs
    assert facts["shows"] != facts["shows_one_dead"]


def test_the_alerts_beside_lvs_alert_were_sent_once_each(played: tuple[str, dict[str, Any]]) -> None:
    _, facts = played
    down = [line for line in facts["test_alerts"] if "HTTPd is DOWN" in line]
    up = [line for line in facts["test_alerts"] if "HTTPd is UP" in line]
    assert len(down) == 1
    assert len(up) == 1
    assert not any("Server is DOWN" in line for line in facts["test_alerts"])


def test_why_tells_what_has_changed_in_the_table(played: tuple[str, dict[str, Any]]) -> None:
    _, facts = played
    outcomes = [line for line in facts["why"] if " outcome " in line and "lvs.alert" in line]
    told = [outcome.partition("s: ")[2] for outcome in outcomes]
    assert [change.split()[0] for change in told] == ["removed", "added"], facts["why"]
    assert all(":80 " in change for change in told)


def test_sigterm_ends_the_daemon_and_changes_nothing_in_the_table(played: tuple[str, dict[str, Any]]) -> None:
    _, facts = played
    assert facts["exit_status"] == 0
    assert facts["table_kept_at_stop"]
