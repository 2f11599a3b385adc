"""The balcon command line: brings the stack up, runs the demo, audits."""
