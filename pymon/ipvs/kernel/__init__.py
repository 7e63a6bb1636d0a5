"""The kernel's IPVS table, over generic netlink. The only place that knows pyroute2.

message   the attributes of IPVS messages, and how records become messages and back
netlink   a generic netlink socket: one request, its answers, errors by number
table     the verbs: read, add, edit, remove
"""

from pymon.ipvs.kernel.table import KernelTable

__all__ = ["KernelTable"]
