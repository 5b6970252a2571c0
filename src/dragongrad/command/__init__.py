"""The command line: formulas, races, studies, basins."""
