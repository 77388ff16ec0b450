"""The demo warehouse: the database of Harbor & Pine, an outdoor outfitter."""
