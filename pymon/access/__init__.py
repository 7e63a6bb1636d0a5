"""Who may do what: rights, logins, password hashes, PAM, and the delay after failed logins."""
