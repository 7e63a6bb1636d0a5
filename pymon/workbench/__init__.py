"""What authors of plugins work with: ``pymon plugin new``, ``test`` and ``list``, and ``pymon.plugin.testing``.

calls     a plugin's call, made as the daemon makes it
trial     one plugin run as a process and in process, and compared
stalls    where it held up the event loop, and for how long
leavings  what it left behind: tasks, threads, changes to the process
holdings  what it still holds: processes, sockets, files
exits     os._exit in it, held back
account   a trial, told to people
draft     a new plugin and its test
catalogue what the daemon would find
"""
