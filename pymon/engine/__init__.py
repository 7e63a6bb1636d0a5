"""The only owner of mutable state: when checks run, what their results set off, and what is remembered.

api             the engine as server, web and director see it
engine          one site that is watched: puts the parts together, starts and stops them
state           what is known of a site at one moment: frozen data and its transitions (pure)
state_owner     the one owner of it: each change of a service's state is recorded, performed and told to observers
effects         the one place that performs what a decision asked for
monitoring      the check path: a timer fires, the check runs, its result is judged and committed
schedule        the one place that knows APScheduler: a timer for each service; timers has the three kinds of them
checks          the checks under way, and the queue that maxprocs makes
trap_timers     traps, and those that do not come
timekeeping     what follows when the clock is set, or the daemon was held up
requests        what clients ask for: a dispatcher, and a table of handlers for each group of requests
restore         what a start takes up of the record of an earlier daemon; deliveries: how each alert ended
carry_over      what survives a re-read of the configuration (pure)
debt_payment    what services owe, and what becomes of it
mon_state_sync  mon's state files, whose format is mon_state_format
history         alert and failure histories in memory, and mon's history file; downtime: mon's downtime log
line_writer     files that grow by a line, written by a thread of its own
plugin_lookup   the programs that a site names
daemon          the process around it: signals, pid file, start and stop; attachments: what works next to the engine
log             log levels, text and JSON lines, syslog
"""
