"""How the daemon starts a plugin as a process: ``python -P -m pymon.plugin``, and what the plugin is called with.

    /path/to/FILE ARGUMENT…           a file that imports the SDK, as if it had been started itself
    MODULE:OBJECT NAME ARGUMENT…      the plugin of an installed package; ``NAME`` is what mon.cf calls it

A file could be started without this, and is by mon. But what breaks before the file has come to the SDK (a syntax
error, a module that is missing) would end Python with 1, like a host that is down: here it is told of as what it is.
"""

from __future__ import annotations

import builtins
import os
import sys
from types import ModuleType
from typing import NoReturn

_USAGE = "usage: python -P -m pymon.plugin FILE [ARGUMENT …], or MODULE:OBJECT NAME [ARGUMENT …]"
_WORDS = 3


def main() -> None:
    """Ends Python, with the plugin's exit code; 126 if there is none, since a check then is broken."""
    words = sys.argv[1:]
    if words and os.path.isabs(words[0]):  # noqa: PTH117  # programs start here, and pathlib takes 3 ms
        run_file(words[0], words)
    elif len(sys.argv) < _WORDS:
        sys.exit(_USAGE)
    else:
        run_object(words[0], words[1:])


def run_file(path: str, words: list[str]) -> None:
    """Run a file as ``python FILE`` does, with ``words`` as sys.argv."""
    sys.argv[:] = words
    sys.path.insert(0, os.path.dirname(os.path.realpath(path)))  # noqa: PTH120  # as above
    module = ModuleType("__main__")
    vars(module).update(__file__=path, __builtins__=builtins, __cached__=None)
    sys.modules["__main__"] = module
    try:
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError) as error:
        _break(error, path)
    try:
        exec(code, vars(module))  # noqa: S102  # it is the program that was asked for
    except Exception as error:
        from pymon.scarcity.symptoms import is_ours  # noqa: PLC0415  # only where something is wrong, as below

        if not is_ours(error):
            raise  # the file's own way to say that a host is down
        _break(error, path)


def run_object(target: str, words: list[str]) -> None:
    """Run the plugin at ``MODULE:OBJECT`` of an installed package."""
    from pymon.plugin_object import plugin_at  # noqa: PLC0415  # a file needs none of it

    try:
        plugin, _ = plugin_at(target)
    except Exception as error:
        _break(error, words[0])
    sys.argv[:] = words
    plugin.main()


def _break(error: Exception, path: str) -> NoReturn:
    from pymon.plugin.program import crash  # noqa: PLC0415

    crash(error, path, is_check=True)


if __name__ == "__main__":
    main()
