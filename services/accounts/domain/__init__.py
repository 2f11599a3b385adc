"""What accounts decides: pure, no clock, no store, no secret but those it is handed."""
