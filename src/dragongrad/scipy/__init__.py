"""SciPy's functions under their own names, with exact derivatives: a folder for each module of SciPy's."""
