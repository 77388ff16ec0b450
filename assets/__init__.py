"""Files that ship: the adapter, its manifest and the demo warehouse."""
