"""All comparisons with Debian's mon, and the goals that pymon has set itself, as one report.

``python -m bench`` runs them all in a few minutes; ``python -m bench lateness start`` runs those named. There are no
limits here that fail: a figure is a fact of a machine. Leave the machine alone meanwhile.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from bench import (
    action,
    alertstorm,
    clients,
    clientstart,
    connecting,
    costs,
    delay,
    failover,
    kills,
    lateness,
    listing,
    parsing,
    pinging,
    pluginstart,
    processor,
    start,
    trapflood,
)
from bench.peers import MON
from bench.report import Row, machine, table

MEASURES: dict[str, Callable[[], list[Row]]] = {
    "parsing": parsing.measure,
    "start": start.measure,
    "processor": processor.measure,
    "delay": delay.measure,
    "lateness": lateness.measure,
    "action": action.measure,
    "alertstorm": alertstorm.measure,
    "failover": failover.measure,
    "listing": listing.measure,
    "clients": clients.measure,
    "trapflood": trapflood.measure,
    "kills": kills.measure,
    "pinging": pinging.measure,
    "connecting": connecting.measure,
    "costs": costs.measure,
    "pluginstart": pluginstart.measure,
    "clientstart": clientstart.measure,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the measures and print the report; returns 1 when the peer is missing or a measure could not be taken."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "measure", nargs="*", choices=[*MEASURES, []], help=f"one or more of {', '.join(MEASURES)} (default: all)"
    )
    names = parser.parse_args(argv).measure or list(MEASURES)
    if not MON.exists():
        print("The benches compare with Debian's mon: apt-get install mon", file=sys.stderr)
        return 1
    print(machine(), flush=True)
    rows: list[Row] = []
    failed = False
    for name in names:
        begin = time.monotonic()
        try:
            rows += MEASURES[name]()
        except (RuntimeError, AssertionError, OSError) as error:
            failed = True
            rows.append(Row(f"{name}: could not be measured", str(error).strip().splitlines()[0][:100]))
        print(f"{name}: done in {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    print(table(rows))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
