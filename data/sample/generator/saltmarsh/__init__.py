"""Generator of the embedded sample: a fictional coastal district in real file formats."""
