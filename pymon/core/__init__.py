"""The rules: what happened, whom to tell, and why not. Pure functions; the time is always handed in.

    surroundings  what a decision may look at besides the service itself
    process       one function for each event: state bookkeeping, the decision, the effects in mon's order
    outages       failed and broken: two outages of one service, each with its books
    state         the bookkeeping alone: which variable an event changes
    alerting      the decision alone: which alerts are called, and one reason for each that is not
    periodrules   the rules of one period: alertevery, alertafter, numalerts and their kin
    depend        dependency expressions: their value, and who is to blame for it
    arithmetic    what an expression gives, by Perl's rules
    gate          whether a check may run now, and on which hosts
    timing        when a check runs next, and how long it may take
    trap          what a trap means, and whom it is for
    clock         mon counts whole seconds
    translation   the same state after the clock was set
    timeline      what happened, as lines for people

Nothing in here reads a clock, draws a random number of its own, logs, or touches the world.
"""
