"""Drafting on many machines with Ray; they never see the database."""
