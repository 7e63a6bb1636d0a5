"""Who may do what: auth.cf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ANYONE = "all"
"""stands for everybody, logged in or not"""
ANY_USER = "AUTH_ANY"
"""stands for everybody who is logged in"""
ANY_HOST = "*"
"""in a trap's line: any host, or any user without a password"""


@dataclass(frozen=True, slots=True)
class TrapSource:
    """Who may send traps: a host (``*``, an address or a name), a user (``*`` for any), and a crypt(3) hash."""

    host: str
    user: str
    password_hash: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class AuthRules:
    """The rules of one auth.cf. ``commands`` maps a command to its users as written (``!user`` denies)."""

    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    traps: tuple[TrapSource, ...] = ()

    def allows(self, user: str, command: str) -> bool:
        """Whether a user (empty: not logged in) may use a command.

        Denials come first and concern those who are logged in only; then ``all``, ``AUTH_ANY``, and the user.
        """
        users = self.commands.get(command, ())
        if user and (f"!{user}" in users or f"!{ANY_USER}" in users):
            return False
        return ANYONE in users or (bool(user) and (ANY_USER in users or user in users))

    def is_known(self, command: str) -> bool:
        """Whether the file has a line for a command."""
        return command in self.commands
