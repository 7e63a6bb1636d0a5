"""M-outcomes: what a check says of each host; never up or down where nobody knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.contract.check_order import CheckOrder
from pymon.contract.host_outcomes import SUMMARY_LIMIT, host_outcomes
from pymon.model.depend import ServiceKey
from pymon.model.result import BROKEN_CAUSES, Cause, CheckOutcome, CheckResult, HostOutcome

UP, DOWN, UNKNOWN = HostOutcome.UP, HostOutcome.DOWN, HostOutcome.UNKNOWN
HOSTS = ("web1", "web2", "web3")


def order(*hosts: str, arguments: tuple[str, ...] | None = None) -> CheckOrder:
    """An order for these hosts, which the monitor is given behind an option, unless ``arguments`` are all."""
    given = ("-p", "80", *hosts) if arguments is None else arguments
    return CheckOrder(ServiceKey("web", "http"), "http.monitor", given, hosts, {}, 60.0)


def outcomes(exitval: int, output: str, *hosts: str, cause: Cause = Cause.EXITED) -> list[HostOutcome]:
    """Of a monitor that told nothing but exit code and output, in the order of the hosts (web1 to web3)."""
    hosts = hosts or HOSTS
    found = host_outcomes(order(*hosts), CheckResult(exitval, output, cause=cause))
    assert tuple(found) == tuple(dict.fromkeys(hosts))
    return list(found.values())


@pytest.mark.parametrize(
    ("exitval", "output", "expected"),
    [
        (0, "", [UP, UP, UP]),
        (0, "web1\n", [UP, UP, UP]),  # a summary of a success names who is well, or slow
        (1, "web2\n", [UP, DOWN, UP]),
        (255, "web3 web1\ndetail\n", [DOWN, UP, DOWN]),
        (1, "web1, web2: connection refused\n", [DOWN, DOWN, UP]),
        (1, "web1 web1 web1\n", [DOWN, UP, UP]),
        (1, "web1 web9\n", [DOWN, UP, UP]),
        (1, "web9\n", [UNKNOWN] * 3),
        (1, "web11 xweb2 web3.example.com\n", [UNKNOWN] * 3),
        (1, "", [UNKNOWN] * 3),
        (1, "\nweb1\n", [UNKNOWN] * 3),  # the detail names whom it likes
        (1, "all is lost\n", [UNKNOWN] * 3),
        (126, "web1\n", [UNKNOWN] * 3),
        (127, "web1\n", [UNKNOWN] * 3),
    ],
)
def test_by_exit_code_and_summary(exitval: int, output: str, expected: list[HostOutcome]) -> None:
    assert outcomes(exitval, output) == expected


@pytest.mark.parametrize("cause", sorted({*BROKEN_CAUSES, Cause.TIMED_OUT, Cause.CANCELLED}))
def test_a_run_that_did_not_come_to_its_own_end_says_nothing_of_hosts(cause: Cause) -> None:
    """Also where pymon's own words could be the name of a host."""
    assert outcomes(124, "timeout: no result after 10s, stopped\n", "timeout", "result", cause=cause) == [UNKNOWN] * 2
    assert outcomes(0, "", cause=cause) == [UNKNOWN] * 3


@pytest.mark.parametrize(
    "odd", ["10.0.0.1", "fe80::1", "web_1", "WEB1", "서버", "a" * 255, "x.alert", "-p", "*", "[::1]:80", "caf\udce9"]
)
def test_odd_names(odd: str) -> None:
    assert outcomes(1, f"{odd}\n", odd, "other") == [DOWN, UP]
    assert outcomes(1, "other\n", odd, "other") == [UP, DOWN]
    assert outcomes(1, "nobody\n", odd, "other") == [UNKNOWN, UNKNOWN]


def test_a_host_twice_in_its_group_is_one() -> None:
    assert outcomes(1, "web1\n", "web1", "web1", "web2") == [DOWN, UP]


def test_without_hosts_there_is_nothing_to_say() -> None:
    assert not host_outcomes(order(), CheckResult(1, "web1\n"))


@pytest.mark.parametrize(
    ("exitval", "output", "arguments", "expected"),
    [
        (0, "", ("http://shop/",), [UNKNOWN] * 3),
        (0, "", ("-h", "web1"), [UP, UNKNOWN, UNKNOWN]),
        (1, "web2\n", ("http://shop/",), [UNKNOWN, DOWN, UNKNOWN]),
        (1, "web2\n", ("web1", "web2"), [UP, DOWN, UNKNOWN]),
        (1, "shop\n", ("web1",), [UNKNOWN] * 3),
    ],
)
def test_hosts_that_the_monitor_was_not_given(
    exitval: int, output: str, arguments: tuple[str, ...], expected: list[HostOutcome]
) -> None:
    """Its line in mon.cf ends in ``;;``: only what it names, or was given there, can be known."""
    found = host_outcomes(order(*HOSTS, arguments=arguments), CheckResult(exitval, output))
    assert list(found.values()) == expected


def test_a_summary_without_end() -> None:
    """What is not found in its beginning may stand in its rest."""
    long = "web1 " + "x" * SUMMARY_LIMIT + " web2\n"
    assert outcomes(1, long) == [DOWN, UNKNOWN, UNKNOWN]
    assert outcomes(1, "web1 " + "x" * (SUMMARY_LIMIT - 5) + "\nweb2") == [DOWN, UP, UP]


@pytest.mark.parametrize("kept", range(3, 30))
@pytest.mark.parametrize("gap", [" ", "\t", ", "])
def test_a_name_that_is_cut_off_is_nobodys(kept: int, gap: str) -> None:
    """The summary names web123.example.com, however little of that is searched."""
    long = "x" * (SUMMARY_LIMIT - kept) + gap + "web123.example.com" + gap + "is down\n"
    assert DOWN not in outcomes(1, long, "web1", "web12", "web123", "web123.example")


def test_a_long_summary_without_a_blank_names_nobody_for_sure() -> None:
    assert outcomes(1, "web1," + "x" * SUMMARY_LIMIT) == [UNKNOWN] * 3


TOLD = {"web1": UP, "web2": DOWN, "web9": UP}


@pytest.mark.parametrize(
    ("exitval", "cause", "expected"),
    [
        (1, Cause.EXITED, [UP, DOWN, UNKNOWN]),
        (0, Cause.EXITED, [UP, DOWN, UNKNOWN]),  # fping -a: one that answers is enough
        (126, Cause.EXITED, [UP, DOWN, UNKNOWN]),
        (126, Cause.BROKEN, [UP, DOWN, UNKNOWN]),
        (124, Cause.TIMED_OUT, [UNKNOWN] * 3),
        (1, Cause.HELD_UP, [UNKNOWN] * 3),
        (1, Cause.STARVED, [UNKNOWN] * 3),
        (1, Cause.BLOCKED, [UNKNOWN] * 3),
        (1, Cause.RAISED, [UNKNOWN] * 3),
        (137, Cause.SIGNALED, [UNKNOWN] * 3),
        (143, Cause.CANCELLED, [UNKNOWN] * 3),
    ],
)
def test_a_monitor_that_tells_is_believed(exitval: int, cause: Cause, expected: list[HostOutcome]) -> None:
    result = CheckResult(exitval, "web1 web3\n", cause=cause, hosts=TOLD)
    assert list(host_outcomes(order(*HOSTS), result, is_sdk=True).values()) == expected


@pytest.mark.parametrize(
    ("exitval", "told", "is_sdk", "expected"),
    [
        (0, {"web1": UP, "web2": DOWN}, False, [UNKNOWN] * 3),
        (0, {"web1": UP, "web2": DOWN}, True, [UP, DOWN, UNKNOWN]),
        (0, {"web1": UP, "web2": UP}, False, [UP, UP, UNKNOWN]),
        (1, {"web1": UP, "web2": UP}, False, [UNKNOWN] * 3),
        (1, {"web1": UP, "web2": UNKNOWN}, True, [UP, UNKNOWN, UNKNOWN]),
        (1, {"web1": UP, "web2": DOWN}, False, [UP, DOWN, UNKNOWN]),
        (126, {"web1": UP, "web2": UP}, False, [UP, UP, UNKNOWN]),
    ],
)
def test_what_a_script_tells_must_agree_with_its_exit_code(
    exitval: int, told: dict[str, HostOutcome], is_sdk: bool, expected: list[HostOutcome]
) -> None:
    """``! tcp.monitor web1`` is well where the port is closed; the monitor inside tells that web1 is down."""
    result = CheckResult(exitval, "", hosts=told)
    assert list(host_outcomes(order(*HOSTS), result, is_sdk=is_sdk).values()) == expected


def test_a_monitor_that_tells_of_other_things_only_is_read_as_any() -> None:
    """A monitor of file systems tells of ``/``, and is given hosts all the same."""
    result = CheckResult(1, "web1\n", hosts={"/": DOWN})
    assert list(host_outcomes(order(*HOSTS), result).values()) == [DOWN, UP, UP]


def test_hosts_that_were_not_asked_for_are_left_out_where_one_was_asked_for_twice() -> None:
    result = CheckResult(1, "web1\n", hosts={"web1": UP, "web9": DOWN})
    assert dict(host_outcomes(order("web1", "web1"), result)) == {"web1": UP}


def test_what_a_plugin_makes_up_is_unknown() -> None:
    told = {"web1": "up", "web2": True, "web3": UP, "x": None}
    result = CheckResult(0, "", hosts=told)  # type: ignore[arg-type]  # as a plugin may do
    assert list(host_outcomes(order(*HOSTS), result).values()) == [UNKNOWN, UNKNOWN, UP]


NAMES = st.sampled_from(["h1", "h12", "h2", "10.0.0.1", "fe80::1", "h1.x"])


@given(
    st.lists(NAMES).map(tuple),
    st.builds(
        CheckResult,
        st.integers(0, 255),
        st.lists(NAMES).map(" ".join),
        cause=st.sampled_from(Cause),
        hosts=st.dictionaries(NAMES, st.sampled_from(HostOutcome)),
    ),
    st.booleans(),
)
def test_nobody_is_up_or_down_without_evidence(hosts: tuple[str, ...], result: CheckResult, is_sdk: bool) -> None:
    found = host_outcomes(order(*hosts), result, is_sdk=is_sdk)
    assert found.keys() == set(hosts)
    told = result.hosts if found.keys() & result.hosts.keys() else {}
    for host, outcome in found.items():
        if outcome is UP:
            assert told.get(host) is UP or (not told and result.outcome is not CheckOutcome.BROKEN)
            assert told or result.outcome is CheckOutcome.OK or DOWN in found.values()
        elif outcome is DOWN:
            assert told.get(host) is DOWN or host in result.output.split()
