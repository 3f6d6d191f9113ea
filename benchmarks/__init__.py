"""Benchmarks: what the app feels like, measured in a real browser."""
