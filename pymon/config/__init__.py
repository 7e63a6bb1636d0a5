"""mon.cf and auth.cf: from text to the typed records of ``pymon.model``.

keywords        the table of keywords: every word, where it stands, and how its value is read, shown and set
keyword         what a row of the table holds
value_types     the kinds of value, by name: each with its converter (values, server_values, alert_rules), and how
                --explain (explained_values) and clients (client_values) see it
other_words     words that mon.cf does not have, and what is right instead

loader          reads files, runs m4, resolves paths: the only module here that touches the world
lines           physical lines → logical lines (comments, continuation)
tokens          a logical line → one token, by the record that it stands in
grammar.lark    which tokens may follow which
parse           tokens → tree, going on after each error
build           tree → Site; with build_settings, build_service and build_period
check           what is legal and yet regretted, over the whole site; with check_arguments, check_lvs, …
problems        everything that can be wrong: messages, advice and samples in one table
report          the problems found, each with file, line, column and advice
explain         where each effective value of a service comes from
limits          how much is read, and how long m4 may take

periods         Time::Period strings, with period.lark
dependencies    dependency expressions, with depend.lark
time_values     5m, 1.5h
shell_words     an argument line → words
auth            auth.cf
"""
