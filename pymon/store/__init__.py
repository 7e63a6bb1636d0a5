"""What the daemon remembers over its own end: its state and its events, in one SQLite file.

story      what a decision is recorded as (pure)
acts       what requests, deliveries and the daemon's own life are recorded as (pure)
runs       repetitions that are one event (pure)
codec      records to JSON and back (pure)
batch      what is not on file yet (pure)
schema     the tables, and whether a file is one of ours
database   the file: opened, set aside, locked, kept in order; blocking, for one thread
reading    what stands in the tables
writing    a batch brought into them
retention  how long events are kept
rows       text in columns
worker     the thread that does so
store      the face that the engine uses: cheap calls, and ``settled``
lookup     the record read from outside, while the daemon is down
"""
