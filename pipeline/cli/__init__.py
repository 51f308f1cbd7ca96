"""The connectivity command."""
