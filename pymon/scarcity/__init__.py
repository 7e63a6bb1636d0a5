"""What this machine, or pymon itself, is short of for a moment: descriptors, threads, processes, places in a queue.

symptoms  whether an exception tells of such a shortage, or of what is watched
lack      what a piece of work had to do without, and how long it waited in queues
waiting   waits until it is there again
"""
