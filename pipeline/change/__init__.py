"""Service levels and their change between snapshots: pure functions on tables."""
