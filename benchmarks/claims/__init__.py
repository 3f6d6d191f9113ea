"""Published numbers, one file a claim: what was published, how ours is measured, and the targets. See __main__."""
