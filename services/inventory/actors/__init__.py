"""One actor per performance, and the host that brings them up and down."""
