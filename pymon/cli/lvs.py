"""``pymon lvs show``: the IPVS table."""

from __future__ import annotations

import json
import os
import sys

from pymon.errors import IpvsError
from pymon.ipvs.exitcode import MISPLACED, exit_code
from pymon.ipvs.listing import as_data, listing
from pymon.ipvs.table import kernel_table, table_name

_IN_MEMORY = (
    "PYMON_IPVS=memory: a table in memory lives inside the pymon that has it (`pymon demo` shows its own),"
    " and cannot be shown from outside"
)


def show(*, as_json: bool) -> int:
    """Print the kernel's table as ``ipvsadm -L -n`` does, or as JSON; the exit status (sysexits.h if it fails)."""
    try:
        if table_name(os.environ) == "memory":
            print(_IN_MEMORY, file=sys.stderr)
            return MISPLACED
        snapshot = kernel_table().snapshot()
    except IpvsError as problem:
        print(f"pymon lvs: {problem}", file=sys.stderr)
        return exit_code(problem)
    if as_json:
        print(json.dumps(as_data(snapshot), indent=2))
    else:
        sys.stdout.write(listing(snapshot))
    return os.EX_OK
