"""Every public name has a docstring that is complete and that agrees with the code."""

import importlib
import inspect
import pkgutil
import re
import tomllib
import types
from pathlib import Path

import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import ERROR_MSGS, validate

import skchaos

# Written in trailing comments, for readers of the source: see docs/design.rst.
NOT_PUBLIC = {"core"}
ROOT = Path(__file__).parents[1]
METHODS = (types.FunctionType, classmethod, staticmethod)


def _public_modules():
    names = [m.name for m in pkgutil.iter_modules(skchaos.__path__)]
    public = [n for n in names if not n.startswith("_") and n not in NOT_PUBLIC]
    return [skchaos, *(importlib.import_module(f"skchaos.{name}") for name in public)]


def _names(module):
    own = [n for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__]
    return getattr(module, "__all__", [n for n in own if not n.startswith("_")])


def _public_objects():
    """Map dotted names to classes, functions, and the methods that our own classes define."""
    found = {}
    for module in _public_modules():
        for name in _names(module):
            value = getattr(module, name)
            if not (inspect.isclass(value) or inspect.isfunction(value)):
                continue
            path = f"{module.__name__}.{name}"
            found[path] = value
            for method, function in vars(value).items() if inspect.isclass(value) else ():
                if not method.startswith("_") and isinstance(function, METHODS):
                    found[f"{path}.{method}"] = getattr(value, method)
    return found


OBJECTS = _public_objects()
WITH_PARAMETERS = [
    path
    for path, value in OBJECTS.items()
    if not (inspect.isclass(value) and issubclass(value, Warning))
]


def _checks():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    off = set(settings["tool"]["numpydoc_validation"]["checks"]) - {"all"}
    return set(ERROR_MSGS) - off


def _documented_defaults(value):
    defaults = {}
    for parameter in NumpyDocString(inspect.getdoc(value))["Parameters"]:
        text = re.search(r"default=(.+)$", parameter.type)
        names = parameter.name.split(", ")
        if parameter.type == "None":  # ignored, there for scikit-learn's sake
            defaults[parameter.name] = None
        elif text is not None:
            # An expression such as 8 / 3; for "a, b : float, default=1, 2" a tuple.
            default = eval(text.group(1), {"__builtins__": {}})
            values = default if len(names) > 1 else [default]
            defaults.update(zip(names, values, strict=True))
    return defaults


@pytest.mark.parametrize("path", OBJECTS)
def test_docstring_is_complete(path):
    checks = _checks()
    errors = [f"{code}: {text}" for code, text in validate(path)["errors"] if code in checks]
    assert not errors, f"{path}\n" + "\n".join(errors)


@pytest.mark.parametrize("path", WITH_PARAMETERS)
def test_documented_default_is_the_default(path):
    signature = inspect.signature(OBJECTS[path]).parameters
    documented = _documented_defaults(OBJECTS[path])
    actual = {
        name: parameter.default
        for name, parameter in signature.items()
        if parameter.default is not inspect.Parameter.empty
    }
    assert documented == actual


@pytest.mark.parametrize("module", _public_modules(), ids=lambda module: module.__name__)
def test_public_names_are_in_the_reference(module):
    reference = (ROOT / "docs" / "api.rst").read_text("utf-8")
    missing = [name for name in _names(module) if not re.search(rf"\b{name}\b", reference)]
    assert not missing, "add them to docs/api.rst"
