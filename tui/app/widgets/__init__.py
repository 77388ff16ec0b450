"""Reusable widgets: they receive data and post messages."""
