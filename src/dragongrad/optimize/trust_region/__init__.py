"""Methods that trust a quadratic model within a radius, and the solvers of that model."""
