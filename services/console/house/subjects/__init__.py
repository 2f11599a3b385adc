"""What there is a command for: one module a subject, each a declaration of methods of the API and what to print."""
