"""Tell them: from a decision to a running alert.

launch       runs alerts in the background; never raises, never blocks the engine
delivery     one alert on its way, and the ledger that is told of it
order        calls about the same thing are done one after the other
subject      what an ordered call acts upon, and target: in the words of mon.cf
concurrency  how many alerts run at a time
shell_words  an alert's call as a line for a shell
"""
