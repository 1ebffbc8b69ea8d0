"""Measure how fast trustsem is beside the programs that its users know.

``python -m benchmarks`` measures; see README.md in this folder.
"""
