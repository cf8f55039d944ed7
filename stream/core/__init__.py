"""stream/core."""
