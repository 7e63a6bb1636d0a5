"""Which error ends a program with which code (those of sysexits.h), and after which a later try can help."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pymon.errors import (
    IpvsAddressError,
    IpvsBusy,
    IpvsError,
    IpvsLookupError,
    IpvsNoService,
    IpvsPermission,
    IpvsUnavailable,
)

NO_SERVICE = os.EX_NOINPUT
LOOKUP = os.EX_NOHOST
UNAVAILABLE = os.EX_UNAVAILABLE
BUSY = os.EX_TEMPFAIL
PERMISSION = os.EX_NOPERM
OTHER = os.EX_SOFTWARE
USAGE = os.EX_USAGE
MISPLACED = os.EX_CONFIG
"""PYMON_IPVS names a table that does not work here"""

EXIT_CODES: Mapping[type[IpvsError], int] = {
    IpvsNoService: NO_SERVICE,
    IpvsLookupError: LOOKUP,
    IpvsUnavailable: UNAVAILABLE,
    IpvsBusy: BUSY,
    IpvsPermission: PERMISSION,
    IpvsAddressError: USAGE,
}

RETRY_CAN_HELP = frozenset({NO_SERVICE, LOOKUP, UNAVAILABLE, BUSY})
"""the virtual service is added later, DNS answers again, the module is loaded, the kernel has memory again"""


def exit_code(problem: IpvsError) -> int:
    """The code for an error: that of its own class, else of the next class above it that has one."""
    return next((EXIT_CODES[kind] for kind in type(problem).__mro__ if kind in EXIT_CODES), OTHER)
