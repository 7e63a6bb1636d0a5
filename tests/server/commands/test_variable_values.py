"""``get G S VAR``: mon's variables by mon's names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pymon.model.depend import ServiceKey
from pymon.model.snapshot import Snapshot
from pymon.server.commands.variable_values import VARIABLES
from tests.server.samples import FAILING, NOW, S1, S2, S3, SITE, SNAPSHOT, TR, WELL, Client, site_of, with_states

TRAPPED = replace(FAILING, last_trap=NOW - 100)

VALUES: list[tuple[Snapshot, ServiceKey, str, str]] = [
    (SNAPSHOT, S1, "service", "s1"),
    (SNAPSHOT, S1, "interval", "7"),
    (SNAPSHOT, S1, "_old_interval", "300"),
    (SNAPSHOT, S2, "interval", "3600"),
    (SNAPSHOT, S2, "_old_interval", ""),
    (SNAPSHOT, TR, "interval", ""),
    (SNAPSHOT, S3, "interval", "90"),
    (SNAPSHOT, S1, "failure_interval", "7"),
    (SNAPSHOT, S1, "description", "It\\27s\\20a\\20\\22desc\\22\\20\\\\\\20and\\20\\c3\\a9"),
    (SNAPSHOT, S2, "description", ""),
    (SNAPSHOT, S1, "monitor", "ctl.monitor\\20a\\20\\27b\\20c\\27"),
    (SNAPSHOT, S2, "monitor", "ctl.monitor\\20;;"),
    (SNAPSHOT, TR, "monitor", ""),
    (SNAPSHOT, S3, "redistribute", "rec.alert\\20x"),
    (SNAPSHOT, S1, "allow_empty_group", ""),
    (SNAPSHOT, S1, "unack_summary", "0"),
    (SNAPSHOT, S1, "traptimeout", "3600"),
    (SNAPSHOT, S1, "trapduration", "1800"),
    (SNAPSHOT, S1, "randskew", "3"),
    (SNAPSHOT, S2, "randskew", "0"),
    (SNAPSHOT, S1, "dep_behavior", "a"),
    (SNAPSHOT, S1, "dep_memory", "0"),
    (SNAPSHOT, S1, "depend", "g2:s3\\20&&\\20!g1:s2"),
    (SNAPSHOT, S2, "alertdepend", "g2:s3"),
    (SNAPSHOT, S2, "monitordepend", "g2:s3"),
    (SNAPSHOT, S2, "hostdepend", "g1:s1"),
    (SNAPSHOT, S1, "exclude_period", "wd\\20{Sun}"),
    (SNAPSHOT, S1, "_op_status", "0"),
    (SNAPSHOT, S1, "_last_op_status", "7"),
    (SNAPSHOT, S1, "_exitval", "3"),
    (SNAPSHOT, S2, "_exitval", "undef"),
    (SNAPSHOT, S1, "_failure_count", "2"),
    (SNAPSHOT, S1, "_alert_count", "0"),
    (SNAPSHOT, S1, "_consec_failures", "2"),
    (SNAPSHOT, S1, "_first_failure", "1795477336"),
    (SNAPSHOT, S2, "_first_failure", ""),
    (SNAPSHOT, S3, "_first_failure", "0"),
    (SNAPSHOT, S1, "_last_failure", "1795477397"),
    (SNAPSHOT, S2, "_last_failure", "0"),
    (SNAPSHOT, S3, "_last_success", "1795477391"),
    (SNAPSHOT, S1, "_last_check", "1795477396"),
    (SNAPSHOT, S2, "_last_check", ""),
    (SNAPSHOT, S2, "_last_trap", "0"),
    (SNAPSHOT, S1, "_last_summary", "sum\\20\\27q\\27\\20\\\\\\20\\c3\\a9\\09~"),
    (SNAPSHOT, S1, "_last_detail", "det1\\20\\\\\\0adet2\\0a"),
    (SNAPSHOT, S1, "_last_output", "sum\\20\\27q\\27\\20\\\\\\20\\c3\\a9\\09~\\0adet1\\20\\\\\\0adet2\\0a"),
    (SNAPSHOT, S1, "_failure_output", "out"),
    (SNAPSHOT, S1, "_ack", "0"),
    (with_states({S1: replace(FAILING, ack=NOW, ack_comment=": x")}), S1, "_ack_comment", ":\\20x"),
    (SNAPSHOT, S1, "_depend_status", "0"),
    (SNAPSHOT, S2, "_depend_status", ""),
    (SNAPSHOT, S1, "_monitor_duration", "1"),
    (SNAPSHOT, S2, "_monitor_duration", "-1"),
    (SNAPSHOT, S1, "_monitor_running", "0"),
    (replace(SNAPSHOT, running={S1: 815}), S1, "_monitor_running", "1"),
    (SNAPSHOT, S1, "_timer", "5"),
    (replace(SNAPSHOT, running={S1: 815}), S1, "_timer", "0"),
    (SNAPSHOT, TR, "_timer", "0"),
    (SNAPSHOT, S1, "_next_check", "1795477404"),
    (SNAPSHOT, TR, "_next_check", ""),
    (SNAPSHOT, S1, "_start_of_monitor", "1795476400"),
    (SNAPSHOT, S1, "_trap_timer", "2600"),
    (with_states({S1: TRAPPED}), S1, "_trap_timer", "3500"),
    (with_states({S1: TRAPPED}), S1, "_trap_duration_timer", "1700"),
    (SNAPSHOT, S1, "_trap_duration_timer", ""),
    (SNAPSHOT, S2, "_trap_timer", ""),
    (replace(SNAPSHOT, now=NOW + 3600), S1, "_trap_timer", "2600"),
    (SNAPSHOT, S1, "nonsense", ""),
    (SNAPSHOT, S1, "op_status", ""),
    (SNAPSHOT, S1, "_last_traphost", ""),
]


@pytest.mark.parametrize(
    ("snapshot", "key", "name", "shown"),
    VALUES,
    ids=[f"{number} {name}" for number, (_, _, name, _) in enumerate(VALUES)],
)
def test_variable_is_shown_as_mon_shows_it(snapshot: Snapshot, key: ServiceKey, name: str, shown: str) -> None:
    lines = Client(snapshot).say(f"get {key.group} {key.service} {name}")
    assert lines == [f"{key.group} {key.service} {name}='{shown}'", "220 get completed"]


@pytest.mark.parametrize(
    ("key", "name", "shown"),
    [
        (S1, "exclude_hosts", "h2\\20h3"),
        (S1, "periods", "wd\\20{Sun-Sat}\\0aLBL"),
        (S3, "ENV", "MYVAR"),
    ],
)
def test_collections_are_shown_by_their_contents(key: ServiceKey, name: str, shown: str) -> None:
    """P-get-hash: mon shows ``HASH(0x…)``. Who may ``get`` does not see the values of the environment."""
    assert Client().say(f"get {key.group} {key.service} {name}")[0] == f"{key.group} {key.service} {name}='{shown}'"


def test_every_variable_has_a_value_here() -> None:
    tested = {name for _, _, name, _ in VALUES} | {"exclude_hosts", "periods", "ENV", "timeout"}
    assert VARIABLES.keys() <= tested


def test_pymons_own_variable() -> None:
    site = site_of("hostgroup g h\n\nwatch g\n  service s\n    interval 1m\n    timeout 2.5s\n    monitor m.monitor\n")
    client = Client(replace(SNAPSHOT, site=site))
    assert client.say("get g s timeout")[0] == "g s timeout='2.5'"
    assert SITE.services[S1].timeout is None
    assert Client(with_states({S1: WELL})).say("get g1 s1 timeout")[0] == "g1 s1 timeout=''"
