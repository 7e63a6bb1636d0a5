"""A whole LVS site: network, virtual service, web servers, client, counters, and the site's mon.cf."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.e2e.lab import netns, table, topology
from tests.e2e.lab.client import Client
from tests.e2e.lab.daemon import WORK_TREE, DirectorDaemon
from tests.e2e.lab.packets import PacketCounter
from tests.e2e.lab.topology import Method
from tests.e2e.lab.waiting import wait_for
from tests.e2e.lab.web import WebServer

SITE_FILE = WORK_TREE / "etc" / "lvs.cf"
HOME = Path("/run/lab")


class LvsSite:
    """The site of one method, with both web servers up; the program that makes it stands on the director."""

    def __init__(self, method: Method) -> None:
        HOME.mkdir()
        self.net = topology.build(method)
        _name_hosts(self.net.reals)
        self.web = {name: WebServer(name) for name in self.net.reals}
        self.packets = {name: PacketCounter(name, address) for name, address in self.net.reals.items()}
        self.client = Client(HOME / "client.book")
        for name in self.net.reals:
            self.web[name].start()
            self.packets[name].start()
        netns.enter("director")

    def balance(self, scheduler: str = "wlc") -> None:
        """Set the virtual service up with both real servers, as the site's administrator does."""
        table.add_virtual(self.net, scheduler)
        for name in self.net.reals:
            table.add_real(self.net, name)

    def entries(self) -> dict[str, table.Entry]:
        """The table as it stands: real server's name → entry."""
        return table.entries(self.net)

    def file(self, edit: Callable[[str], str] = lambda text: text) -> Path:
        """The site's mon.cf, with its addresses mapped into the namespaces; ``edit`` may change it further."""
        file = HOME / "mon.cf"
        file.write_text(edit(mapped(SITE_FILE.read_text(encoding="utf-8"), self.net)), encoding="utf-8")
        return file

    def wait_until_checked(self, watcher: DirectorDaemon) -> None:
        """Wait until every web server was asked by the director once, beginning now."""
        before = {name: server.from_others for name, server in self.web.items()}

        def all_checked() -> bool:
            if not watcher.running:
                raise AssertionError("the daemon has ended")
            return all(server.from_others > before[name] for name, server in self.web.items())

        wait_for("each web server was checked", all_checked)

    def web_counts(self) -> dict[str, int]:
        """Requests that each web server answered for the client, over all its lives."""
        return {name: server.from_client for name, server in self.web.items()}

    def counts(self) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
        """``packet_counts`` and ``web_counts`` of one moment, but for a request under way."""
        while True:
            packets, answered = self.packet_counts(), self.web_counts()
            if packets == self.packet_counts():
                return packets, answered

    def packet_counts(self) -> dict[str, dict[str, int]]:
        """Connection attempts of the client that arrived at each real server, by the form they had on the wire."""
        return {name: counter.by_form for name, counter in self.packets.items()}

    def link(self, name: str, state: str) -> None:
        """Take a real server's network interface ``down`` or ``up``, its default route included."""
        netns.ip_batch([f"link set eth0 {state}"], name)
        if state == "up":
            topology.route(self.net.method, name)


def mapped(text: str, net: topology.Topology) -> str:
    """etc/lvs.cf for the namespaces: other addresses, the method, first checks within a second; nothing else."""
    reals = list(dict.fromkeys(re.findall(r"-R (\S+):80", text)))
    virtuals = set(re.findall(r"-V (\S+):80", text))
    if len(reals) != len(net.reals) or len(virtuals) != 1:
        raise ValueError(f"{SITE_FILE} is not the site this was written for: {virtuals}, {reals}")
    for found, ours in zip(reals, net.reals.values(), strict=True):
        text = text.replace(f"-R {found}:80", f"-R {ours}:80")
    text = text.replace(f"-V {virtuals.pop()}:80", f"-V {net.virtual}")
    text, methods = re.subn(r"-F dr\b", f"-F {net.method}", text)
    text, starts = re.subn(r"(?m)^randstart(\s*)=(\s*)30s", r"randstart\1=\g<2>1s", text)
    if methods != 2 * len(reals) or starts != 1:
        raise ValueError(f"{SITE_FILE} is not the site this was written for: {methods} methods, {starts} randstart")
    return text


def _name_hosts(reals: Mapping[str, str]) -> None:
    """Let the real servers' names mean their addresses, as the director's /etc/hosts does."""
    hosts = HOME / "hosts"
    lines = ["127.0.0.1 localhost", *(f"{address} {name}" for name, address in reals.items())]
    hosts.write_text("\n".join(lines) + "\n", encoding="ascii")
    subprocess.run(["mount", "--bind", str(hosts), "/etc/hosts"], check=True, timeout=netns.COMMAND_LIMIT)
