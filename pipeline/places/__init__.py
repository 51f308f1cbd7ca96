"""Neighbourhoods, small areas, destinations and comparison groups."""
