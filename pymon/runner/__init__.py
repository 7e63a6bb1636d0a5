"""How the daemon runs plugins, monitors and alerts alike: as programs of their own, or inside itself.

protocol    what a plugin is that can run inside the daemon
registry    directories, installed packages → name → PluginFile
loading     the object of a plugin out of its file or package
output      what a run printed, up to the limit
measuring   the file that a program may append measurements to
process     one run as a process: mon's contract, time limit, process group
contained   what belongs to one run inside the daemon: its tasks, its prints, its blame
inprocess   one run inside the daemon
watchdog    notices and ends a step that holds up the event loop
runner      chooses between the two; never raises
shortage    waits until the machine has a descriptor, a process or memory to spare
environ     what fits into an argument or variable
"""
