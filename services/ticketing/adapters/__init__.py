"""PostgreSQL, keys, paper, mail, the other services."""
