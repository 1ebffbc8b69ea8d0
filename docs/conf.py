"""Settings of the documentation site: ``python -m sphinx -W -b html docs build/site``."""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS / "_extensions"))
sys.path.insert(0, str(DOCS.parent / "src"))

import trustsem  # noqa: E402  (found by the lines above)

project = "trustsem"
author = "The trustsem developers"
project_copyright = author
version = release = trustsem.__version__
language = "en"
smartquotes = False  # options begin with two hyphens

extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_nb",
    "mathml",
    "copies",
    "generated",
    "docstrings",
]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
nitpicky = True
toc_object_entries_show_parents = "hide"

# Docstrings name the types in the words of the field; signatures stay short.
autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_validation_checks = {
    "all",
    "ES01", "EX01", "SA01",  # extended summaries, examples and cross-references where they help
    "GL02",  # a docstring of several lines ends on a line of its own; one of one line does not
    "PR01", "PR03",  # short methods explain themselves; related parameters share an entry
    "RT01", "RT02", "RT03",  # properties return what they are; tuples name their members
}  # fmt: skip

# Notebooks are shown with the outputs that they were committed with.
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_merge_streams = True
myst_enable_extensions = ["deflist", "colon_fence", "dollarmath"]
myst_update_mathjax = False
myst_heading_anchors = 4

html_theme = "furo"
html_title = f"trustsem {release}"
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
