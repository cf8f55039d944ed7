"""What processes are put together from, the same for `up` and for single roles."""
