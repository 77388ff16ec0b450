"""What several dialects share; each file of `dialects` itself is one database."""
