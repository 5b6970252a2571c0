"""The views for LaTeX: what is printed fits the text of a page, with the packages of every TeX."""
