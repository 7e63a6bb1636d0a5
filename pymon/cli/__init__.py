"""Entry points: wiring only.

main        the ``pymon`` command and its subcommands
mon         the ``mon`` command: mon's own command line, for a drop-in daemon
background  how ``mon -f`` leaves the terminal
run         ``pymon run``: the daemon in the foreground
check       ``pymon check``
why         ``pymon why``
trap        ``pymon trap send``
passwd      ``pymon passwd``
lvs         ``pymon lvs show``
demo        ``pymon demo``
"""
