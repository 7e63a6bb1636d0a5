"""Debian's mon takes the same file to mean the same: it is asked for its variables over its protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymon.model.depend import ServiceKey
from pymon.model.service import Service
from pymon.model.site import Site
from tests.config.peer import Peer
from tests.config.samples import read_text

pytestmark = pytest.mark.peer

HEAD = "hostgroup g a *b\n  c\n\n"


def ours(folder: Path, text: str) -> Site:
    reading = read_text(folder, text)
    assert not reading.report.has_errors, reading.report.problems()
    return reading.site


def number(value: float | None) -> str:
    """A number as Perl prints it; no number, as the empty text."""
    return "" if value is None else f"{value:g}"


def told(service: Service, name: str) -> str:
    """A variable of a service as mon would tell it."""
    value = getattr(service, name)
    if name in ("depend", "alertdepend", "monitordepend", "hostdepend"):
        return value.text if value else ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) or value is None:
        return number(value)
    return str(value)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("  interval 1.5h\n", ["interval"]),
        ("  interval 5M\n  interval 2d\n", ["interval"]),
        ("  failure_interval 0.5s\n", ["failure_interval", "interval"]),
        ("  description  a  b\n", ["description"]),
        ("  description 웹 \\\n   서버\n", ["description"]),
        ("  description x # y\n", ["description"]),
        ("  depend SELF:a MYSELF:q\n", ["depend"]),
        ("  alertdepend SELF:a && SELF:b\n  monitordepend x:y\n  hostdepend z:z\n",
         ["alertdepend", "monitordepend", "hostdepend"]),
        ("  unack_summary nay\n", ["unack_summary"]),
        ("  unack_summary On\n", ["unack_summary"]),
        ("  unack_summary no way\n", ["unack_summary"]),
        ("  unack_summary nothing\n", ["unack_summary"]),
        ("  dep_behavior hm\n  dep_memory 1.5h\n", ["dep_behavior", "dep_memory"]),
        ("  traptimeout 10m\n  trapduration 1D\n  randskew 3s\n", ["traptimeout", "trapduration", "randskew"]),
        ("  interval 5m \\\n\n  randskew 1s\n", ["interval", "randskew"]),
        ("  description foo \\\n # comment\n   bar\n", ["description"]),
        ("  description foo\\\n  bar\\\n baz\n  interval 7m\n", ["description", "interval"]),
        ("\tinterval\t7m\r\n\tdescription\tx\r\n", ["description", "interval"]),
        ("  interval 9m\n  period\n", ["interval"]),
    ],
)  # fmt: skip
def test_variables_of_a_service(peer: Peer, folder: Path, text: str, names: list[str]) -> None:
    whole = f"{HEAD}watch g\n service s\n{text}"
    service = ours(folder, whole).services[ServiceKey("g", "s")]
    peer.take(whole)
    assert [told(service, name) for name in names] == [peer.get("g", "s", name) for name in names]


def test_monitor_line_is_kept_as_written(peer: Peer, folder: Path) -> None:
    whole = f'{HEAD}watch g\n service s\n  monitor  m.monitor  -a "b  c" ;;\n'
    monitor = ours(folder, whole).services[ServiceKey("g", "s")].monitor
    peer.take(whole)
    assert f"{monitor} ;;".split() == peer.get("g", "s", "monitor").split()


@pytest.mark.slow
@pytest.mark.parametrize("value", ["y", "n", "1", "0", "Yes", "nay", "any"])
def test_defaults_from_globals(peer: Peer, folder: Path, value: str) -> None:
    whole = (
        f"unack_summary = {value}\ndep_memory = 3m\n{HEAD}watch g\n service s\n  traptimeout 1h\n\n"
        "dep_behavior = m\ndep_memory = 0s\n\nwatch h\n service s\n  traptimeout 1h\n"
    )
    site = ours(folder, whole)
    peer.take(whole)
    for group in ("g", "h"):
        service = site.services[ServiceKey(group, "s")]
        for name in ("unack_summary", "dep_memory", "dep_behavior"):
            assert told(service, name) == peer.get(group, "s", name), (group, name)


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "watch g\n service s\n  traptimeout 1h\n service t\n  traptimeout 1h\n",
        HEAD + "watch g\n service s\n  traptimeout 1h\nhostgroup x y\n\nwatch x\n service t\n  traptimeout 1h\n",
        HEAD + "watch g\n service s\n  traptimeout 1h\n\n service t\n  traptimeout 1h\n",
        HEAD + "watch g junk\n service s\n  traptimeout 1h\nwatch h!\n service t\n  traptimeout 1h\n",
        "hostgroup g a\nwatch g\n service s\n\nwatch h\n service t\n  traptimeout 1h\n",
        "view v g\nwatch g\n service s\n\nwatch h\n service t\n  traptimeout 1h\n",
        "alias v\nwatch g\n service s\n\nwatch h\n service t\n  traptimeout 1h\n",
        "alias v\nhostgroup g a\n\nwatch g\n service s\n  traptimeout 1h\n\nwatch nothing\n",
        "watch g\n\nwatch g\n service s\n  traptimeout 1h\n",
        "watch g\n service s\n  traptimeout 1h\nview v g\nwatch h\n service t\n",
        "watch g\n service s\n  traptimeout 1h\n service t \\",
    ],
)
def test_the_same_services_exist(peer: Peer, folder: Path, text: str) -> None:
    services = sorted(f"{key.group} {key.service}" for key in ours(folder, text).services)
    peer.take(text)
    assert sorted(peer.command("list watch")[:-1]) == services


@pytest.mark.parametrize(
    "text",
    [
        "hostgroup g a *b\n  c\nwatch x\n *d\n\n",
        "hostgroup g! a\n\n",
        "hostgroup g a\n maxprocs = 3\n b\n\n",
        "hostgroup g a\n# x\n b\n\nhostgroup g c d\n\n",
        "hostgroup g\n\n",
        "hostgroup g a \\\n  b\\\n  c\n\n",
        "hostgroup g 서버1 서버2\n\n",
    ],
)
def test_the_same_hosts(peer: Peer, folder: Path, text: str) -> None:
    whole = f"{text}watch g\n service s\n  traptimeout 1h\n"
    hosts = [f"{'*' * host.disabled}{host.name}" for host in ours(folder, whole).hosts("g")]
    peer.take(whole)
    assert peer.command("list group g")[0].split()[2:] == hosts


def test_the_same_aliases_and_views(peer: Peer, folder: Path) -> None:
    whole = "alias q\n one\n  two  x \n watch z service y\n\nview v a b:c\n d\n\nview w x\n\n" + HEAD
    site = ours(folder, whole)
    peer.take(whole)
    listed = [line for line in peer.command("list aliases")[:-1] if line]
    assert listed == ["alias q", *site.aliases["q"].lines]
    assert sorted(peer.command("list views")[0].split()[1:]) == sorted(site.views)
