"""A pretended DIP platform: what Podiumkunst's performances and figures are told to, a process of its own."""
