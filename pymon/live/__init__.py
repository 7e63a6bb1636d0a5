"""``pymon check --live``: what a configuration needs of this machine, tried here and now.

finding  what a try gave
tries    which tries a configuration calls for
attempt  what each try does
run      all of them at once, within a time limit
"""
