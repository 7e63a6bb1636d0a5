"""``python -m pymon.plugin MODULE:OBJECT NAME ARGUMENT…``: runs the plugin of an installed package as a program.

So the daemon starts one as a process. ``NAME`` is what mon.cf calls it, and what it calls itself in messages.
"""

from __future__ import annotations

import sys
import traceback

from pymon.runner.loading import plugin_at, reason

_WORDS = 3


def main() -> None:
    """Ends Python, with the plugin's exit code; 1 if there is none, so that somebody is told."""
    if len(sys.argv) < _WORDS:
        sys.exit("usage: python -m pymon.plugin MODULE:OBJECT NAME [ARGUMENT …]")
    target, name = sys.argv[1:_WORDS]
    try:
        plugin, _ = plugin_at(target)
    except Exception as error:
        print(f"{name} cannot be loaded: {reason(error)}", flush=True)
        traceback.print_exc()
        sys.exit(1)
    sys.argv[:] = [name, *sys.argv[_WORDS:]]
    plugin.main()


if __name__ == "__main__":
    main()
