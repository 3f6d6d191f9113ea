"""Data of one's own: read from a path, looked at before it is taken, and kept under a name.

`inspect` and `take` cost numpy, torch and Pillow, so they are imported where they are needed:
vae_core.data.own.reading, vae_core.data.own.taking.
"""
