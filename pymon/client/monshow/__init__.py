"""``monshow``: what a server watches, as mon's text, a live table, or a page."""
