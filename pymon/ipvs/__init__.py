"""The IPVS room: the kernel's table of virtual services, read and changed.

model      what the table holds: virtual services, real servers
address    addresses as people write them: ``211.238.41.170:80``, ``[v6]:port``, ``fwm:5``
listing    the table as ``ipvsadm -L -n`` prints it, and as data for JSON
plan       pure: what is wished against what stands there gives operations and their reasons
kernel     the kernel's table, over netlink
memory     the same table in memory, for machines without IPVS
table      what both offer, and which one is used
change     wishes carried out on a table: read, plan, apply
turn       programs that change the same real server at the same time take turns
exitcode   which error ends a program with which code
"""
