"""One element of a value, written as instructions: how every Block is computed inside a loop."""
