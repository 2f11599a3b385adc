"""Work that is due: leased rows done by a bounded number of tasks, and old rows deleted in bounded steps."""
