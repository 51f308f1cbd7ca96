"""Read timetables into one model."""
