"""One module for each command of `balcon`."""
