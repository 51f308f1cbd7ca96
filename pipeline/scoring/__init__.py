"""Indicators, scores and comparison groups: pure functions on tables."""
