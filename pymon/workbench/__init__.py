"""What authors of plugins work with: ``pymon plugin new``, ``test`` and ``list``, and ``pymon.plugin.testing``.

calls            a plugin's call, made as the daemon makes it
conformance      one plugin run as a process and in process, and compared
loop_blocking    where it held up the event loop, and for how long
side_effects     what it left behind: tasks, threads, changes to the process
resource_leaks   what it still holds: processes, sockets, files
exit_guard       keeps a plugin's os._exit from ending this process
silenced_output  what plugins print when they are imported is thrown away
report           a trial, formatted for people
scaffold         a new plugin and its test
catalogue        what the daemon would find
"""
