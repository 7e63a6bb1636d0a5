"""What happened, in words: decisions, operators' acts, measurements, and what outages owe. Pure."""
