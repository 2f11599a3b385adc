"""`balcon house`: what a house does through the API, from a shell. Commands are declared in `subjects`, by subject."""
