"""mon's contract with programs: argv, environment, MON_ names and standard input, of monitors and of alerts."""
