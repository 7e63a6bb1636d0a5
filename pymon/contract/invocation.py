"""How a plugin is called, by mon's contract: argv, environment, standard input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Invocation(NamedTuple):
    """One call of a monitor or an alert.

    ``path`` is the file of the plugin, and becomes argv[0]; ``arguments`` are its options and then, for a
    monitor, the hosts. ``environ`` is the complete environment. Text is UTF-8 with surrogateescape.
    """

    path: str
    arguments: tuple[str, ...]
    environ: Mapping[str, str]
    stdin: str = ""
