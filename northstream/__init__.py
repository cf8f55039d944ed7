"""northstream."""
