"""How a fact reaches the read model, and how the read model is built anew."""
