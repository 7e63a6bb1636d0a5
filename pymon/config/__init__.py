"""mon.cf and auth.cf: from text to the typed records of ``pymon.model``.

loader      reads files, runs m4, resolves paths: the only module here that touches the world
text        physical lines → logical lines (comments, continuation)
tokens      a logical line → one token, by where in the file it stands
grammar     grammar.lark: which tokens may follow which
parse       tokens → tree, going on after each error
build       tree → Site; with build_service, build_period and settings, one converter per kind of value
check       what is legal and yet regretted, over the whole site
report      the problems found, each with file, line, column and advice; its texts are in malformed
periods     Time::Period strings, with period.lark
depend      dependency expressions, with depend.lark
timeval     5m, 1.5h
words       an argument line → words
auth        auth.cf
explain     where each effective value of a service comes from
"""
