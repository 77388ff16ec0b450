"""The fixed prompt texts: compact for our model, long for any other instruct model."""
