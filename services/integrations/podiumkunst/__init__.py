"""The Podiumkunst exporter: links performances to the DIP platform's numbers and tells it what they have sold."""
