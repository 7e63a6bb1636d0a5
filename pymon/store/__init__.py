"""What the daemon remembers over its own end: its state and its events, in one SQLite file.

codec        records to JSON and back (pure)
states       the states of the store, and all of its transitions, in one table (pure)
contents     what the record shall hold, and what of it is not on file yet (pure)
batch        what is brought to the file at once (pure)
limits       every number that bounds it
ages         how old events are, by a clock that nobody can set (pure)
schema       the tables, and whether a file is one of ours
versions     which file is this pymon's, where an older and a newer one take turns
claim        one daemon keeps a record
database     the file: opened, set aside, locked, kept in order; blocking, for one thread
reading      what stands in the tables
writing      a batch brought into them
retention    how long events are kept
pending_files  undone alerts in files of their own, as an older pymon kept them
maintenance  when the file is looked after, and health: for damage, and for a log that grows
disk_worker  the thread that does so
store        what the engine uses: cheap calls, and ``settled``
offline      the record read from outside, while the daemon is down
"""
