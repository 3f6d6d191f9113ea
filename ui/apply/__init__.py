"""What a model is good for: the views of the page Apply, each with its figure of merit beside baselines."""
