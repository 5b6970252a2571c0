"""SciPy's names, differentiable: a folder for each module of SciPy's."""
