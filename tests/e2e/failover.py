"""In the guest: the site of etc/lvs.cf fails over by one method. Prints what was seen, as one JSON object.

usage: failover.py nat|dr|tun [pymon|mon]
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any, cast

from tests.e2e.lab import daemon, table
from tests.e2e.lab.netns import COMMAND_LIMIT
from tests.e2e.lab.site import HOME, LvsSite
from tests.e2e.lab.topology import Method
from tests.e2e.lab.waiting import wait_for

PHASE = 30
"""Requests of the client that each state of the site is looked at for."""


def main(method: Method, command: str) -> None:
    """Play the failover and tell."""
    site = LvsSite(method)
    site.balance()
    watcher = {"pymon": daemon.pymon, "mon": daemon.pymon_as_mon}[command](HOME / "pymon", site.file())
    facts: dict[str, Any] = {}
    try:
        watcher.start()
        site.wait_until_checked(watcher)
        site.client.start()
        facts["healthy"] = _phase(site)
        facts["shows"] = _listings()

        site.web["www1"].kill()
        died = time.monotonic()
        facts["removed_after"] = wait_for("www1 is out of the table", lambda: "www1" not in site.entries())
        facts["while_removing"] = site.client.tally(died, time.monotonic())
        facts["one_dead"] = _phase(site)
        facts["shows_one_dead"] = _listings()

        site.web["www1"].start()
        facts["back_after"] = wait_for("www1 is in the table again", lambda: "www1" in site.entries())
        facts["recovered"] = _phase(site)

        site.client.stop()
        before = table.listing()
        facts["exit_status"] = watcher.terminate()
        facts["table_kept_at_stop"] = table.listing() == before
        facts["statistics"] = table.ipvsadm("-L", "-n", "--stats", "--exact")
        facts["test_alerts"] = watcher.test_alerts()
        facts["why"] = watcher.why("HTTP-server1", "HTTP")
    except BaseException:
        sys.stderr.write(f"the table:\n{table.listing()}\n{watcher.last_words()}")
        raise
    print(json.dumps(facts))


def _phase(site: LvsSite) -> dict[str, Any]:
    """Let the client work for a while; what came of it."""
    packets, answered = site.counts()
    tally = site.client.tally_of(PHASE)
    packets_after, answered_after = site.counts()
    arrived = {
        name: {form: count - packets[name][form] for form, count in forms.items()}
        for name, forms in packets_after.items()
    }
    return {
        "table": {name: [entry.forward, entry.weight] for name, entry in site.entries().items()},
        "client": tally,
        "answered": {name: count - answered[name] for name, count in answered_after.items()},
        "packets": arrived,
    }


def _listings() -> list[str]:
    """The table by ipvsadm and by pymon, read while nothing else changes it."""
    # Connections come and go between the two: their counts are compared in the tests of the listing.
    theirs = table.ipvsadm("-L", "-n")
    ours = subprocess.run(
        [daemon.script("pymon"), "lvs", "show"], check=True, capture_output=True, text=True, timeout=COMMAND_LIMIT
    ).stdout
    return [table.without_counts(theirs), table.without_counts(ours)]


if __name__ == "__main__":
    main(cast(Method, sys.argv[1]), sys.argv[2])
