"""Profiles for all users from what is recorded, behind all other work."""
