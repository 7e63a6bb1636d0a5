"""The rules: what happened, whom to tell, and why (not). Pure functions; the time is always handed in.

    context          what a decision may look at besides the service itself
    events           one function for each event: state bookkeeping, the decision, the effects in mon's order
    outages          failed and broken: two outages of one service, each with its books
    state            the bookkeeping alone: which variable an event changes
    alerting         the decision alone: which alerts are called and which are not, and one reason for each
    period_rules     the rules of one period: alertevery, alertafter, numalerts and their kin
    period           whether a period holds at a local time
    debts            what an outage owes: the down alerts that were called in it, and what undoes each of them
    dependencies     dependency expressions: their value, and who is to blame for it
    arithmetic       what an expression gives, by Perl's rules
    admission        whether a check may run now, and on which hosts
    timing           when a check runs next, and how long it may take
    traps            what a trap means, and whom it is for
    carryover        which period of a new configuration follows which of the old one
    variables        what clients may set of a service's state
    time_shift       the same state after the clock was set

Nothing in here reads a clock or the machine's time zone, draws a random number of its own, logs, or touches the world.
"""
