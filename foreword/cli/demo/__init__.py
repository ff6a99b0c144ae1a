"""The demo: real people's activity, from nothing to served forewords."""
