"""The commands that a server understands, for usage texts and for completion."""

from __future__ import annotations

from pymon.protocol import commands

COMMANDS = tuple(spec.words for spec in commands.COMMANDS if spec.is_listed)
"""the words of each command"""

KNOWN = {
    "KIND": ("disabled", "opstatus", "all"),
    "VARIABLE": ("opstatus", "interval", "failure_interval", "alert_on_trap", "description", "randskew"),
    "PERIOD": (),
}
"""words to fill in whose values do not depend on the server; the variables are the usual ones"""


def listing(indent: str = "    ") -> str:
    """The commands, one a line."""
    return "\n".join(indent + " ".join(command) for command in COMMANDS)
