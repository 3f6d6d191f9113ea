"""The page Learn: which lesson, how far a visitor has come, one lesson as a page."""
