"""What others do for a seat lock, written as well as we can, on the same servers with fsync on; and the limits of the
machinery. Each measure() holds `holds` times two free seats and returns holds per second."""
