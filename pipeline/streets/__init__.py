"""Read OpenStreetMap into a walking graph and join points to it."""
