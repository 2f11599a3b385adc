"""`balcon seed`: two houses with people, a season in the past and the future, and real sales."""
