"""Entry points: wiring only.

main     the ``pymon`` command and its subcommands
mon      the ``mon`` command: mon's own command line, for a drop-in daemon
run      ``pymon run``: the daemon in the foreground
check    ``pymon check``
lvs      ``pymon lvs show``
demo     ``pymon demo``
passwd   ``pymon passwd``
"""
