"""How read models are followed and built anew, and what is done with their figures."""
