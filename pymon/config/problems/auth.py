"""The problems of auth.cf."""

from __future__ import annotations

from pymon.config.problems.kind import error, warning

AUTH = (
    error("auth-unreadable", "could not open auth file: {reason}", ""),
    error(
        "auth-line", "could not parse line {number} of auth file",
        "write 'command : user, user'; what belongs to traps comes after a line 'trap section'",
        "»list all\n",
    ),
    warning(
        "auth-command", "there is no command '{command}'", "{hint}",
        "command section\n»lsit: all\n",
    ),
    warning(
        "auth-user", "'{user}' is the name of a user here", "write {right} if that is meant",
        "list: »ALL\n", "list: all, »!auth_any\n",
    ),
    warning(
        "auth-repeated", "'{command}' is given again: this line counts", "write all users in one line",
        "list: all\n»list: root\n",
    ),
    warning(
        "auth-trap", "a line of the trap section has three words, this one {count}: it is skipped",
        "write 'host user password-hash'",
        "trap section\n»10.0.0.1 root\n",
    ),
    warning(
        "auth-trap-host", "a host's name has more than one letter: the line of '{host}' is skipped", "write an address",
        "trap section\n»h u *\n",
    ),
    warning(
        "auth-trap-password", "the password of '{user}' is no crypt(3) hash, and never matches",
        "make one with: openssl passwd -6",
        "trap section\n10.0.0.1 root »secret\n",
    ),
)  # fmt: skip
