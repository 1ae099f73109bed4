"""Sphinx configuration; build with ``sphinx-build -W docs docs/_build/html``."""

import os

# As in the tests: figures without a screen, and results that do not hang on the number of cores.
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import skchaos

project = "skchaos"
author = "the skchaos developers"
copyright = f"2026, {author}"
release = skchaos.__version__
version = ".".join(release.split(".")[:2])

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "auto_examples/*.ipynb", "sg_execution_times.rst"]
default_role = "py:obj"
suppress_warnings = ["ref.citation"]  # a reference that no page cites yet is no mistake

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc sections say more than the annotations
numpydoc_show_class_members = False  # the class template lists them

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "doc_module": ("skchaos",),
    "reference_url": {"skchaos": None},
    "backreferences_dir": "generated/backreferences",
    "abort_on_example_error": True,
    "write_computation_times": False,
    "show_signature": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "skchaos"
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
}
