"""Benchmarks: a country that is generated, and the engine beside other libraries on the same inputs."""
