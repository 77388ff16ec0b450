"""Scores of drafted texts against human ones."""
