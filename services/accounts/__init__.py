"""Houses, people, memberships, sessions and the tokens that every other service checks."""
