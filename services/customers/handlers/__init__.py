"""What is done when somebody asks: one class a subject."""
