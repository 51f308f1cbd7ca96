"""Travel-time algorithms on packed arrays."""
