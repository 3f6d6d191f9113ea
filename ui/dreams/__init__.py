"""The page Generate: its controls, sheets of dreams, whether they are copies, what to take home, what can be kept."""
