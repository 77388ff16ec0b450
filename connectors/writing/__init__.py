"""Executing the statements of a run: intents before, comparisons around, ends after."""
