"""In the guest: a director through worse than a dead web server. Prints what was seen, as one JSON object.

The site is that of etc/lvs.cf by DR, but www2 is quiesced (``-X down -Q``) instead of taken out, and the monitors give
an unreachable host up sooner: with their own time limits a failed ping takes 16 seconds, a failed GET 30. The virtual
service is missing at first; the daemon is killed; a real server drops off the network, so that its ping fails too.

usage: hardship.py
"""

from __future__ import annotations

import json
import re
import sys
import time
from typing import Any

from tests.e2e.lab import daemon, table
from tests.e2e.lab.site import HOME, LvsSite
from tests.e2e.lab.table import Entry
from tests.e2e.lab.waiting import wait_for

REQUESTS = 30
"""Requests of the client that a state of the site is looked at for."""
DOWN, UP = "www2 Server is DOWN", "www2 Server is UP"


def main() -> None:
    """Play it all and tell."""
    site = LvsSite("dr")
    watcher = daemon.pymon(HOME / "pymon", site.file(_edited))
    facts: dict[str, Any] = {}
    try:
        _virtual_service_comes_late(site, watcher, facts)
        _killed(site, watcher, facts)
        _quiesced(site, watcher, facts)
        _off_the_network(site, watcher, facts)
        facts["exit_status"] = watcher.terminate()
    except BaseException:
        sys.stderr.write(f"seen: {facts}\nthe table:\n{table.listing()}\n{watcher.last_words()}")
        raise
    print(json.dumps(facts))


def _edited(text: str) -> str:
    before, found, after = text.rpartition("-X down")
    if not found:
        raise ValueError("no '-X down' in the site's file")
    text = f"{before}-X down -Q{after}"
    # Two failed pings alert, however far apart: these limits leave a machine that stands still some seconds.
    for monitor, options in (("fping.monitor", "-r 2 -t 1000"), ("http.monitor", "-t 8")):
        text, count = re.subn(rf"(?m)monitor {re.escape(monitor)}$", f"monitor {monitor} {options}", text)
        if count != 2:
            raise ValueError(f"{monitor} is not used twice in the site's file")
    return text


def _virtual_service_comes_late(site: LvsSite, watcher: daemon.DirectorDaemon, facts: dict[str, Any]) -> None:
    """www1 fails and returns while there is no virtual service; killed in between, the daemon still owes the entry."""
    site.web["www1"].kill()
    watcher.start()
    wait_for("the missing virtual service is told", lambda: _complaints(watcher))
    site.web["www1"].start()
    site.wait_until_checked(watcher)
    wait_for("the return of www1 is decided", lambda: "HTTPd is UP" in "".join(watcher.test_alerts()))
    wait_for("putting www1 in was tried", lambda: _complaints(watcher, "up"))
    facts["complaints"] = _complaints(watcher)
    watcher.kill()
    watcher.start()
    site.wait_until_checked(watcher)
    facts["entries_without_service"] = list(site.entries())
    # Not wlc: by DR, a connection attempt that died with www2 counts as active for a minute, and as much as 256 others.
    table.add_virtual(site.net, "rr")
    facts["put_in_after"] = wait_for("www1 is put in after all", lambda: "www1" in site.entries())
    facts["put_in"] = _entry(site, "www1")
    table.add_real(site.net, "www2")


def _killed(site: LvsSite, watcher: daemon.DirectorDaemon, facts: dict[str, Any]) -> None:
    """With the daemon dead nothing changes, whatever dies; the next daemon sets it right."""
    before = table.listing()
    watcher.kill()
    facts["kept_when_killed"] = table.listing() == before
    site.web["www1"].kill()
    time.sleep(1.0)  # nothing is to happen
    facts["kept_while_dead"] = table.listing() == before
    watcher.start()
    wait_for("www1 is out of the table", lambda: "www1" not in site.entries())
    site.web["www1"].start()
    wait_for("www1 is in the table again", lambda: "www1" in site.entries())
    facts["back_after_kill"] = _entry(site, "www1")


def _quiesced(site: LvsSite, watcher: daemon.DirectorDaemon, facts: dict[str, Any]) -> None:
    """www2 stays in the table with weight 0 while its web server is dead, and gets no request."""
    site.client.start()
    site.web["www2"].kill()
    quiet = Entry("Route", 0)
    facts["quiesced_after"] = wait_for("www2 has weight 0", lambda: site.entries().get("www2") == quiet)
    facts["client_while_quiesced"] = site.client.tally_of(REQUESTS)
    site.web["www2"].start()
    wait_for("www2 has its weight again", lambda: _entry(site, "www2") == ["Route", 100])
    facts["client_after_quiescence"] = site.client.tally_of(REQUESTS)
    site.client.stop()


def _off_the_network(site: LvsSite, watcher: daemon.DirectorDaemon, facts: dict[str, Any]) -> None:
    """www2's interface goes down: ping fails as well as HTTP."""
    facts["pings_told_before"] = [line for line in watcher.test_alerts() if "Server is" in line]
    site.link("www2", "down")
    wait_for("the failed ping is told", lambda: _told(watcher, DOWN))
    wait_for("www2 has weight 0", lambda: _entry(site, "www2") == ["Route", 0])
    facts["entry_off_the_network"] = _entry(site, "www2")
    site.link("www2", "up")
    wait_for("the ping that works again is told", lambda: _told(watcher, UP))
    wait_for("www2 has its weight again", lambda: _entry(site, "www2") == ["Route", 100])
    facts["pings_told"] = [line for line in watcher.test_alerts() if "Server is" in line]


def _entry(site: LvsSite, name: str) -> list[str | int] | None:
    entry = site.entries().get(name)
    return [entry.forward, entry.weight] if entry else None


def _complaints(watcher: daemon.DirectorDaemon, event: str = "") -> list[str]:
    lines = [line for line in watcher.lines() if "there is no virtual service" in line["message"]]
    return [line["message"] for line in lines if event in {"", line.get("event")}]


def _told(watcher: daemon.DirectorDaemon, text: str) -> bool:
    return any(text in line for line in watcher.test_alerts())


if __name__ == "__main__":
    main()
