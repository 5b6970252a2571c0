"""Backends, one target each."""
