"""Timetables: reading GTFS into one model, calendars, duplicates, fingerprints."""
