"""One file per database: flags first, methods only where flags do not reach."""
