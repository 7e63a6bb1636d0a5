"""Tell them: from a decision to a running alert.

envelope   argv, environment and standard input of an alert, and its line in the history (pure)
pending    the journal of ordered deliveries that are not done yet
launch     runs alerts in the background; never raises, never blocks the engine
sdk        what the author of an alert imports
"""
