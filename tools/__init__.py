"""What the repository needs around its code: checks and generated pages. Nothing here runs in production."""
