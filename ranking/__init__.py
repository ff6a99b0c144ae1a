"""Which action for this user now: a model that all users share, and a small block of parameters for each."""
