"""Tables, suggestions, decisions and the workspace; no SQL, models or screens."""
