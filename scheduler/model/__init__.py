"""The language model behind the refreshes: who is asked about, when, at what cost, and what becomes of the answers."""
