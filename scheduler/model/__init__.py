"""What concerns language models in the scheduler: who is asked when, what is sent, and what becomes of the answers."""
