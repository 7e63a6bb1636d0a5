"""The only owner of mutable state: when checks run, what their results set off, and what is remembered.

schedule     the one place that knows APScheduler: a timer for each service
checks       the checks under way, and the queue that maxprocs makes
effects      the one place that performs what a decision asked for
history      alert and failure histories in memory, and mon's history file
appending    files that grow by a line, written by a thread of its own
reload       what survives a re-read of the configuration (pure)
timers       the three timers of each service
state        what is known of a site at one moment: frozen data and its transitions (pure)
state_owner  the one owner of it: each change of a service's state is recorded, performed and told to observers
monitoring   the check path: a timer fires, the check runs, its result is judged and committed
control      what clients ask for is performed; its parts: switching and switches (enable, disable), variables (set),
             configuration (reset, reload, test), saving and statefiles (mon's state files), monremote
record       state and events on file, in a thread of its own, for the next daemon and for why
resume       what a start takes up of the record, or of mon's files; deliveries: how each alert ended
engine       the face of all of it: one site that is watched
daemon       the process around it: signals, pid file, start and stop
log          log levels, text and JSON lines, syslog
"""
