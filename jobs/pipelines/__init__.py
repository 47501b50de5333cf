"""Recipes: a frozen spec and a work folder in, verified files out. No network, no Django, no rows.

spec --compile--> argument list --run--> process --verify--> Rendered | Broken, one for each cell
"""
