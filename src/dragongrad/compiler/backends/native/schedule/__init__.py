"""The schedule: which values go to memory, in which loops each is computed, and what that costs."""
