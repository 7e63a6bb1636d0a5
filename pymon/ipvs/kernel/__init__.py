"""The kernel's IPVS table, over generic netlink.

attribute netlink attributes: bytes and back
message   the messages of IPVS: records to bytes and back
netlink   a generic netlink socket: one request, its answers, errors by number
table     the verbs: read, add, edit, remove
"""

from pymon.ipvs.kernel.table import KernelTable

__all__ = ["KernelTable"]
