"""The room of ``pymon demo``: a failover to look at, on a machine with nothing set up.

webserver  one small web server, a program of its own that ends when its starter does
servers    the web servers of the demo: started, stopped, looked after
roundtrip  pure: what the demo does when, and whether all of it happened
table      the IPVS table that is used, and the virtual service made for the demo in it
visitors   clients of the virtual service, where it is the kernel's
story      what happened, line by line, and what is known of each service
screen     the terminal's picture of it, or plain lines where there is no terminal
play       all of it together, around an engine
"""
