"""Files that ship: the bundled model and the demo warehouse."""
