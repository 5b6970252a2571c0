"""The manual's page on SciPy, and the namespace as a whole."""

import subprocess
import sys
from importlib import import_module

import pytest
import scipy_page

import dragongrad as ad


def test_the_page_names_every_function_with_its_state():
    text = scipy_page.PAGE.read_text(encoding="utf-8")
    assert scipy_page.written(text) == text


@pytest.mark.parametrize("part", scipy_page.PARTS)
def test_each_part_has_the_names_that_it_lists(part):
    module = import_module(f"dragongrad.scipy.{part}")
    states = import_module(f"dragongrad.scipy.{part}.chapter").CHAPTER.states
    assert set(states) <= set(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None
        assert getattr(module, name).__doc__
    with pytest.raises(ad.AbsentError, match="nonsense"):
        _ = module.nonsense


@pytest.mark.parametrize("module", ["dragongrad", "dragongrad.scipy"])
def test_importing_it_imports_no_part_and_none_of_scipys(module):
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    parts = tuple(f"dragongrad.scipy.{part.partition('.')[0]}" for part in scipy_page.PARTS)
    assert not [name for name in loaded if name.partition(".")[0] == "scipy" or name.startswith(parts)]
