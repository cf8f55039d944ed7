"""stream/log."""
