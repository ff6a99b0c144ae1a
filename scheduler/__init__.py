"""The refreshing daemon: segments, due index, triggers, sweeps and importers."""
