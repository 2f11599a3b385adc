"""What an order is and how it may change. Pure: no await, clock, randomness, wire or storage."""
