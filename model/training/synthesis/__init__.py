"""Synthesizes documented schemas to learn from: use cases, names, tables, texts."""
