"""Data of one's own: read from a path, looked at before it is taken, and kept under a name."""
