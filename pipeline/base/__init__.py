"""What every room needs: errors, notices, configuration, atomic files, hashes, clock, geometry."""
