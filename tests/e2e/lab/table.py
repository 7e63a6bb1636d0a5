"""The director's IPVS table, read and changed by ipvsadm and by the kernel's own listing: judges that are not pymon's.

All of it works on the network namespace that the caller is in.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.lab.netns import COMMAND_LIMIT
from tests.e2e.lab.topology import Topology


@dataclass(frozen=True, slots=True)
class Entry:
    """A real server in the table: method as ipvsadm names it (Route, Masq, Tunnel), and weight."""

    forward: str
    weight: int


def ipvsadm(*args: str) -> str:
    """Run ipvsadm; its standard output. Raises CalledProcessError."""
    return subprocess.run(["ipvsadm", *args], check=True, capture_output=True, text=True, timeout=COMMAND_LIMIT).stdout


def add_virtual(site: Topology, scheduler: str = "wlc") -> None:
    """The virtual service of the site, with no real server."""
    ipvsadm("-A", "-t", site.virtual, "-s", scheduler)


def add_real(site: Topology, name: str, weight: int = 100) -> None:
    """Put a real server in, as the site's administrator did at the beginning."""
    ipvsadm("-a", "-t", site.virtual, "-r", f"{site.reals[name]}:80", site.flag, "-w", str(weight))


def delete_real(site: Topology, name: str) -> None:
    """Take a real server out."""
    ipvsadm("-d", "-t", site.virtual, "-r", f"{site.reals[name]}:80")


def listing() -> str:
    """What ``ipvsadm -L -n`` prints, without the counts of connections that come and go by themselves."""
    return without_counts(ipvsadm("-L", "-n"))


def without_counts(text: str) -> str:
    """A listing in ipvsadm's form without its two columns of connections."""
    return re.sub(r"(?m)^(  -> \d.*?) +\d+ +\d+ *$", r"\1", text)


def entries(site: Topology) -> dict[str, Entry]:
    """The real servers of the site's virtual service by name, from /proc/net/ip_vs: cheap enough to ask often."""
    names = {_hex(address): name for name, address in site.reals.items()}
    found: dict[str, Entry] = {}
    for line in Path("/proc/net/ip_vs").read_text(encoding="ascii").splitlines():
        words = line.split()
        if words[0] == "->" and words[1].partition(":")[0] in names:
            found[names[words[1].partition(":")[0]]] = Entry(words[2], int(words[3]))
    return found


def _hex(address: str) -> str:
    return "".join(f"{int(part):02X}" for part in address.split("."))
