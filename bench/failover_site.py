"""In the guest: one daemon on a director whose web server dies, returns, and hangs, again and again.

DEATHS and HANGS go on under a client's requests; QUIET deaths and returns without them, and hardly watched, so that
the guest's one processor has nothing else to do.

Prints what was measured as one JSON object; see ``Measured``. Run by bench.failover.

usage: failover_site.py pymon|mon DEATHS HANGS QUIET
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.daemonlog import decided_to_done
from tests.e2e.lab import daemon, table
from tests.e2e.lab.site import HOME, LvsSite
from tests.e2e.lab.waiting import wait_for

DEBIAN = Path("/usr/lib/mon")
LIMIT = 30.0
"""Seconds within which any daemon must have followed."""
SETTLE = 2.0
"""Seconds between two events, beside a random part of an interval: the daemons must not know when."""
INTERVAL = 1.0
SEED = 2004

SMALL_LVS_ALERT = """\
#!/bin/sh
# What a site with mon has: a few lines around ipvsadm.
while getopts s:g:h:t:l:P:V:R:W:F:X:uaTODS: option; do
    case $option in
        V) virtual=$OPTARG ;; R) real=$OPTARG ;; W) weight=$OPTARG ;; F) method=$OPTARG ;; X) down=$OPTARG ;;
    esac
done
if [ "$down" = down ]; then
    exec ipvsadm -d -t "$virtual" -r "$real"
fi
case $method in dr) flag=-g ;; tun) flag=-i ;; *) flag=-m ;; esac
exec ipvsadm -a -t "$virtual" -r "$real" "$flag" -w "$weight"
"""


@dataclass(slots=True)
class Measured:
    """Seconds from an event to the table's change, requests lost on the way, and pymon's own time of it."""

    removed: list[float] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    back: list[float] = field(default_factory=list)
    hang_removed: list[float] = field(default_factory=list)
    hang_lost: list[int] = field(default_factory=list)
    decided_to_done: list[float] = field(default_factory=list)


def main(name: str, deaths: int, hangs: int, quiet: int) -> None:
    """Measure one daemon and tell."""
    rng = random.Random(SEED)
    site = LvsSite("nat")
    site.balance("rr")
    watcher = {"pymon": _pymon, "mon": _mon}[name](site)
    measured = Measured()
    try:
        watcher.start()
        site.wait_until_checked(watcher)
        site.client.start()
        for _ in range(deaths):
            _death(site, measured, rng)
        for _ in range(hangs):
            _hang(site, measured, rng)
        site.client.stop()
        under_way = len(decided_to_done(watcher.log.read_text(encoding="utf-8").splitlines()))
        for _ in range(quiet):
            _quiet_round(site)
    except BaseException:
        sys.stderr.write(f"{measured}\n{table.listing()}\n{watcher.last_words()}")
        raise
    measured.decided_to_done = decided_to_done(watcher.log.read_text(encoding="utf-8").splitlines())[under_way:]
    watcher.kill()
    print(json.dumps(asdict(measured)))


def _death(site: LvsSite, measured: Measured, rng: random.Random) -> None:
    time.sleep(SETTLE + rng.random() * INTERVAL)
    began = time.monotonic()
    site.web["www1"].kill()
    measured.removed.append(_gone(site))
    time.sleep(1.0)
    measured.lost.append(site.client.tally(began, time.monotonic()).get("lost", 0))
    time.sleep(SETTLE + rng.random() * INTERVAL)
    site.web["www1"].start()
    measured.back.append(_returned(site))


def _hang(site: LvsSite, measured: Measured, rng: random.Random) -> None:
    time.sleep(SETTLE + rng.random() * INTERVAL)
    began = time.monotonic()
    site.web["www1"].hang()
    measured.hang_removed.append(_gone(site))
    time.sleep(1.5)
    measured.hang_lost.append(site.client.tally(began, time.monotonic()).get("lost", 0))
    site.web["www1"].resume()
    _returned(site)


def _quiet_round(site: LvsSite) -> None:
    """A death and a return, with a look at the table now and then only."""
    for change, is_in in ((site.web["www1"].kill, False), (site.web["www1"].start, True)):
        change()
        for _ in range(int(LIMIT)):
            time.sleep(INTERVAL)
            if ("www1" in site.entries()) == is_in:
                break


def _gone(site: LvsSite) -> float:
    return wait_for("www1 is out of the table", lambda: "www1" not in site.entries(), LIMIT)


def _returned(site: LvsSite) -> float:
    return wait_for("www1 is in the table again", lambda: "www1" in site.entries(), LIMIT)


def _pymon(site: LvsSite) -> daemon.DirectorDaemon:
    return daemon.pymon(HOME / "daemon", _file(site, ""), "debug")


def _mon(site: LvsSite) -> daemon.DirectorDaemon:
    home = HOME / "daemon"
    own = home / "alert.d"
    own.mkdir(parents=True)
    alert = own / "lvs.alert"
    alert.write_text(SMALL_LVS_ALERT, encoding="ascii")
    alert.chmod(0o755)
    auth = home / "auth.cf"
    auth.write_text("command section\nlist: all\n", encoding="ascii")
    lines = [
        f"cfbasedir = {home}",
        f"mondir = {DEBIAN / 'mon.d'}",
        f"alertdir = {own}:{DEBIAN / 'alert.d'}",
        f"statedir = {home / 'state'}",
        f"logdir = {home / 'log'}",
        f"authfile = {auth}",
        f"pidfile = {home / 'mon.pid'}",
    ]
    return daemon.DirectorDaemon(home, ("/usr/sbin/mon", "-c", str(_file(site, "\n".join(lines)))))


def _file(site: LvsSite, settings: str) -> Path:
    """The same services for both: HTTP every second on both real servers, with one second to answer."""
    words = [settings, "maxprocs = 20", "histlength = 100", "randstart = 1s"]
    for number, name in enumerate(site.net.reals, 1):
        change = f"lvs.alert -P tcp -V {site.net.virtual} -R {site.net.reals[name]}:80 -W 100 -F {site.net.method}"
        words += [
            "",
            f"hostgroup HTTP-server{number} {name}",
            "",
            f"watch HTTP-server{number}",
            "    service HTTP",
            f"        interval {INTERVAL:g}s",
            "        monitor http.monitor -t 1",
            "        period wd {Sun-Sat}",
            "            alertevery 30m",
            f"            alert {change} -X down",
            f"            upalert {change}",
        ]
    file = HOME / "mon.cf"
    file.write_text("\n".join(words), encoding="utf-8")
    return file


if __name__ == "__main__":
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    main(sys.argv[1], *map(int, sys.argv[2:5]))
