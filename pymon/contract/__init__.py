"""mon's contract with programs: argv, environment, MON_ names and standard input, of monitors and of alerts.

check_order     one check, with all that an executor has to know; check_json: its form on the wire, and its result's
monitor_call    the order that a service leads to, and the call that an order leads to
host_outcomes   what a result says of each host
side_channel    what a program tells besides output and exit code; measurements: the lines of those
alert_call      the call of an alert; alert_options: the options that mon calls it with
invocation      one call; environ: what fits into it
plugin          what a plugin is that can run inside the daemon
exception_text  what an exception of a plugin says
"""
