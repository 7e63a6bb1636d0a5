"""The kernel's IPVS table, over generic netlink.

message   the messages of IPVS: records to bytes and back
netlink   a generic netlink socket: one request, its answers, errors by number
table     the verbs: read, add, edit, remove

Importing it imports pyroute2, which takes 0.2 s: the rest of the room does so when the table is opened, or before
(pymon.ipvs.table.prepare).
"""

from pymon.ipvs.kernel.table import KernelTable

__all__ = ["KernelTable"]
