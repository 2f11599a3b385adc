"""A pretended payment provider, a process of its own: payments meets it over HTTP only. Moves no real money."""
