"""How the daemon runs plugins, monitors and alerts alike: as programs of their own, or inside itself.

executor       the Executor protocol, an order to check in and its result out; and LocalExecutor, on this machine
plugin_runner  one run of a plugin: chooses between the two ways, repeats what says nothing; never raises
inprocess      one run inside the daemon
containment    what belongs to such a run: its tasks, its prints, its blame
watchdog       notices and ends a step that holds up the event loop
loop_delays    how long the event loop was held up
banishment     which plugins do not run inside the daemon for a while
registry       directories, installed packages → name → PluginFile
validation     what plugins say of their arguments before the first call
limits         every number that bounds these
"""
