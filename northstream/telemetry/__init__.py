"""What processes tell about themselves: telemetry for Prometheus, and traces."""
