"""Pymon's daemon with a probe inside: ``python -m bench.probe MON.CF OUT.json``.

It is the daemon as ``pymon run`` starts it. At SIGTERM the lateness of its last checks (up to 10,000: seconds from
the planned time to the start) is written to OUT.json; a file OUT.json.ready tells that the daemon has started.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from functools import partial
from pathlib import Path

from pymon.config.loader import load
from pymon.engine.daemon import watch
from pymon.engine.engine import Engine
from pymon.engine.log import set_up_logging
from pymon.server.server import Server


def main(configuration: Path, out: Path) -> None:
    """Run the daemon until SIGTERM, then write what was measured."""
    engines: list[Engine] = []

    def started(engine: Engine) -> None:
        engines.append(engine)
        out.with_name(f"{out.name}.ready").touch()

    listener = set_up_logging(level=logging.ERROR)
    try:
        asyncio.run(watch(partial(load, configuration, overrides={}), attach=(Server,), on_start=started))
    finally:
        listener.stop()
    out.write_text(json.dumps(list(engines[0].lateness)))


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())
