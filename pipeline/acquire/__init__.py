"""Bring raw inputs into an immutable archive; the only room that speaks HTTP."""
