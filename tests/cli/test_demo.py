"""``pymon demo`` as people run it: the round trip, what it says when it cannot, and that nothing is left of it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pymon.config.loader import load
from pymon.demo.runner import web_servers
from pymon.demo.table import VIRTUAL, WEIGHT
from pymon.model.depend import ServiceKey
from pymon.model.service import AlertKind
from pymon.share import share_path
from tests.ports import fixed_port
from tests.uml.guest import Guest

pytestmark = pytest.mark.e2e

COMMAND = (sys.executable, "-m", "pymon.cli.main", "demo")
LIMIT = 60.0


@pytest.fixture(autouse=True)
def demos_port_fixture() -> Iterator[None]:
    """The port of the demo's web servers and of their virtual service, which is the same for everybody."""
    with fixed_port(VIRTUAL.port):
        yield


@contextmanager
def running(*arguments: str, directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A demo on the table in memory, with its own directory for temporary files; killed at the end if need be."""
    environ = {**os.environ, "PYMON_IPVS": "memory", "TMPDIR": str(directory)}
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_line(process: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(pattern, line):
            return found
    raise AssertionError(f"the demo ended before it said {pattern!r}")


def is_served(server_name: str) -> bool:
    server = next(server for server in web_servers() if server.name == server_name)
    with socket.socket() as client:
        return client.connect_ex((server.address, server.port)) == 0


def check_that_nobody_serves() -> None:
    deadline = time.monotonic() + 10
    while any(is_served(server.name) for server in web_servers()):
        assert time.monotonic() < deadline, "a web server of the demo outlived it"
        time.sleep(0.05)


@pytest.mark.sample
def test_once_ends_after_the_round_trip(tmp_path: Path) -> None:
    with running("--once", directory=tmp_path) as process:
        out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, out + err
    story = [
        "one in memory",
        "web1/http is well",
        "web1 is stopped",
        "web1/http fails",
        "lvs.alert -P tcp -V 127.0.0.1:18080 -R 127.0.0.2:18080 -W 1 -F nat -X down",
        "127.0.0.2:18080 is out of the table",
        "web1 is started again",
        "web1/http is well again",
        "127.0.0.2:18080 is in the table again",
        "pymon demo: web1 was stopped, left the IPVS table, and was put in again.",
    ]
    places = [out.find(part) for part in story]
    assert -1 not in places, f"{story[places.index(-1)]!r} is missing in\n{out}"
    assert places == sorted(places), out
    assert "127.0.0.3:18080 is out" not in out
    assert not err
    check_that_nobody_serves()
    assert not list(tmp_path.iterdir())


def test_an_address_in_use_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.3", VIRTUAL.port)), running("--once", directory=tmp_path) as process:
        out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert err.startswith("pymon demo: the web server web2 cannot listen on 127.0.0.3:18080: Address already in use\n")
    assert "Traceback" not in out + err
    check_that_nobody_serves()


def test_a_round_trip_that_did_not_happen_is_a_failure(tmp_path: Path) -> None:
    with running("--once", directory=tmp_path) as process:
        wait_for_line(process, "web1 serves")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert "pymon demo: it was ended at: " in err
    check_that_nobody_serves()


def test_goes_on_until_ctrl_c(tmp_path: Path) -> None:
    with running(directory=tmp_path) as process:
        wait_for_line(process, "web2/http is well")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, out + err
    assert not err
    check_that_nobody_serves()
    assert not list(tmp_path.iterdir())


def test_web_servers_end_with_a_demo_that_was_killed(tmp_path: Path) -> None:
    with running(directory=tmp_path) as process:
        wait_for_line(process, "web2/http is well")
        process.kill()
        process.communicate(timeout=LIMIT)
    check_that_nobody_serves()


def test_the_configuration_speaks_of_the_same_servers() -> None:
    site = load(share_path("etc") / "demo.cf").site
    assert set(site.watches) == {server.name for server in web_servers()}
    for server in web_servers():
        assert [host.name for host in site.hosts(server.name)] == [server.address]
        service = site.services[ServiceKey(server.name, "http")]
        assert service.monitor is not None
        assert service.monitor.arguments[:2] == ("-p", str(server.port))
        (period,) = service.periods
        real = ("-P", "tcp", "-V", "127.0.0.1:18080", "-R", server.endpoint, "-W", str(WEIGHT), "-F", "nat")
        commands = {kind: [alert.command for alert in period.alerts_of(kind)] for kind in AlertKind}
        assert [command.arguments for command in commands[AlertKind.ALERT] if command.name == "lvs.alert"] == [
            (*real, "-X", "down")
        ]
        assert [command.arguments for command in commands[AlertKind.UPALERT] if command.name == "lvs.alert"] == [real]


@pytest.mark.uml
def test_on_the_kernels_table(uml: Guest) -> None:
    """The same round trip where the kernel has IPVS; the virtual service is gone afterwards."""
    script = uml.shared / "demo-on-the-kernel.sh"
    script.write_text(f"ip link set lo up && {' '.join(COMMAND)} --once && ipvsadm -L -n\n", encoding="utf-8")
    ended = uml.run(script, timeout=120).check()
    assert "the IPVS table is the kernel's" in ended.stdout
    assert "127.0.0.2:18080 is out of the table" in ended.stdout
    assert "pymon demo: web1 was stopped, left the IPVS table" in ended.stdout
    assert re.search(
        r"requests through the table so far: web1 answered [1-9]\d*, web2 answered [1-9]\d*, ", ended.stdout
    )
    assert ended.stdout.rstrip().endswith("-> RemoteAddress:Port           Forward Weight ActiveConn InActConn")
