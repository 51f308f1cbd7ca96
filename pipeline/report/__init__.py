"""The offline report: reads published tables, never routes."""
