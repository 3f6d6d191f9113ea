"""What a trained model is good for: each application with a figure of merit on held-out data and a baseline beside it.

`anomaly`, `impute`, `augment`, `probe`, `arithmetic` and `semi` are one application each: a run and settings in, a
frozen dataclass of arrays with its `outcome` out. No page; `command.py` prints them.
"""
