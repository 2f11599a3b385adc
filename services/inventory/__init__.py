"""Who has which seat: one actor per performance decides, the stores fence and keep."""
