"""One module for each read model: which topics make it, which tables it is, how events are brought in."""
