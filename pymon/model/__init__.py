"""The vocabulary of pymon: frozen records and enums that every other room shares.

    place        where in which file something was written
    problem      one thing wrong with a configuration, and its severity
    period       when: a parsed Time::Period string
    depend       a parsed dependency expression
    service      hostgroup, watch, service, period, alert: what mon.cf declares
    settings     mon.cf's global variables
    site         one whole configuration
    status       operational status, the kinds of event
    invocation   how a plugin is called
    result       what one run of a plugin gave
    state        what is known of one service while the daemon runs
    effect       what a decision asks the engine to do, and what it held back and why

Nothing in here reads a clock, a file or a socket, and nothing imports the rest of pymon.
"""
