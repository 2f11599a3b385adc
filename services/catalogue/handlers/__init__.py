"""One use case each: check, load, decide, write, answer."""
