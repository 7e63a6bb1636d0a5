"""The names of mon's variables: what a monitor or an alert finds in its environment. Imports nothing but enum."""

from __future__ import annotations

from enum import StrEnum


class MonVariable(StrEnum):
    """A variable that the daemon sets for monitors or alerts, over the one of that name in mon.cf.

    Times are in whole seconds since the epoch. ``CHECK`` (failed, broken or ok) is pymon's own.
    """

    GROUP = "MON_GROUP"
    SERVICE = "MON_SERVICE"
    DESCRIPTION = "MON_DESCRIPTION"
    ALERTTYPE = "MON_ALERTTYPE"
    OPSTATUS = "MON_OPSTATUS"
    CHECK = "MON_CHECK"
    RETVAL = "MON_RETVAL"
    ACK = "MON_ACK"
    TRAP_INTENDED = "MON_TRAP_INTENDED"
    DEPEND_STATUS = "MON_DEPEND_STATUS"
    FIRST_FAILURE = "MON_FIRST_FAILURE"
    LAST_FAILURE = "MON_LAST_FAILURE"
    FIRST_SUCCESS = "MON_FIRST_SUCCESS"
    LAST_SUCCESS = "MON_LAST_SUCCESS"
    LAST_SUMMARY = "MON_LAST_SUMMARY"
    LAST_OUTPUT = "MON_LAST_OUTPUT"
    STATEDIR = "MON_STATEDIR"
    LOGDIR = "MON_LOGDIR"
    CFBASEDIR = "MON_CFBASEDIR"


PREFIX = "MON_"
"""how the names of all of mon's variables begin"""
TRAP_USER = "MON_TRAP_USER"
TRAP_PASSWORD = "MON_TRAP_PASS"  # noqa: S105  # a name
"""with these an admin gives trap.alert its login; the daemon does not set them"""
