"""The disentanglement lab: the views of the page Disentangle, and what they share."""
