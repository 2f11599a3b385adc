"""`balcon audit`: what each service says of itself, and what only a comparison between services can show."""
