"""Tables, columns, suggestions, decisions and the workspace file; knows no SQL, no models, no screens."""
