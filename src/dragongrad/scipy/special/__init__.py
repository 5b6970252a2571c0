"""`scipy.special`, differentiable."""
