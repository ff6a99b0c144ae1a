"""The serving daemon: profiles and forewords out, events in, over gRPC."""
