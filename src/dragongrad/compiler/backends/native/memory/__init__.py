"""Memory: liveness and offsets of values, and values written over others."""
