"""What ticketing decides: pure, no clock, no store, no private key."""
