"""Houses, halls, seating plans, productions, performances and their prices."""
