"""A plugin, or any other program, run as a process: for the daemon and for plugins that run programs of their own.

execution         one run: mon's contract, time limit, process group
start_queue       programs start one after the other
measurement_pipe  the file that a program may append measurements to
output            what a run printed, up to the limit
system_limits     how many descriptors and processes there may be
"""
