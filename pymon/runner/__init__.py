"""How the daemon runs plugins, monitors and alerts alike: as programs of their own, or inside itself.

registry      directories, installed packages → name → PluginFile
banishment    which plugins do not run inside the daemon any more
containment   what belongs to one run inside the daemon: its tasks, its prints, its blame
inprocess     one run inside the daemon
watchdog      notices and ends a step that holds up the event loop
loop_delays   how long the event loop was held up
executor      chooses between the two ways; never raises
validation    what plugins say of their arguments before the first call
"""
