"""The only owner of mutable state: when checks run, what their results set off, and what is remembered.

schedule     the one place that knows APScheduler: a timer for each service
checks       the checks under way, and the queue that maxprocs makes
effects      the one place that performs what a decision asked for
history      alert and failure histories in memory, and mon's history file
appending    files that grow by a line, written by a thread of its own
reload       what survives a re-read of the configuration (pure)
engine       all of it together: one site that is watched
daemon       the process around it: signals, pid file, start and stop
log          log levels, text and JSON lines, syslog
"""
