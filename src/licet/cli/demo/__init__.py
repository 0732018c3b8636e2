"""`licet demo`: an authority, an executor with the only bank credential, and an agent, in three processes."""
