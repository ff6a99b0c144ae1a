"""Quality measured on real data, one command each."""
