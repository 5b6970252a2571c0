"""SciPy's ufuncs get their rules when the first of them meets a Variable, wherever that is."""

import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from scipy import special

import dragongrad as ad
from dragongrad.core.block import BLOCKS


def child(code, *args):
    """Run code in a process of its own, which must succeed."""
    head = "import sys\nimport numpy as np\nimport dragongrad as ad\n"
    command = [sys.executable, "-c", head + textwrap.dedent(code), *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.smoke
def test_importing_the_library_imports_nothing_of_scipys():
    child("""
        assert not {"scipy", "scipy.special", "dragongrad.scipy.special"} & set(sys.modules)
        assert ad.grad(np.sin)(0.0) == 1
        assert not {"scipy", "scipy.special", "dragongrad.scipy.special"} & set(sys.modules)
    """)


@pytest.mark.smoke
def test_the_first_variable_brings_the_rules():
    child("""
        from scipy import special
        assert "dragongrad.scipy.special.rules" not in sys.modules
        assert np.isclose(ad.grad(special.expit)(0.0), 0.25)
        assert "dragongrad.scipy.special.rules" in sys.modules
    """)


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_the_first_variable_may_be_traced(backend):
    child(f"""
        from scipy import special
        f = ad.compile(ad.grad(lambda x: np.sum(special.erf(x))), backend={backend!r})
        x = np.array([0.5, -1.0])
        for _ in range(2):
            assert np.allclose(f(x), 2 / np.sqrt(np.pi) * np.exp(-x * x))
    """)


def test_threads_may_meet_the_first_together():
    child("""
        import threading
        from scipy import special
        names, found, failed = ["erf", "expit", "gammaln", "ndtr", "entr", "boxcox1p", "beta", "exprel"], {}, []
        start = threading.Barrier(len(names))
        def run(name):
            fn = getattr(special, name)
            start.wait()
            try:
                found[name] = ad.grad(lambda x: fn(*[x] * fn.nin))(0.7)
            except Exception as error:
                failed.append((name, error))
        threads = [threading.Thread(target=run, args=(name,)) for name in names]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert not failed, failed
        assert len(found) == len(names)
    """)


def test_a_saved_program_finds_the_rules_in_another_process(tmp_path):
    slope = ad.compile(ad.grad(lambda x: np.sum(special.erf(x) * special.psi(x))))
    x = np.array([0.5, 1.5])
    want = slope(x)
    slope.save(tmp_path / "slope.npz")
    np.save(tmp_path / "want.npy", want)
    child(
        """
        from pathlib import Path
        folder = Path(sys.argv[1])
        loaded = ad.load(folder / "slope.npz")
        x = np.array([0.5, 1.5])
        assert np.allclose(loaded(x), np.load(folder / "want.npy"), rtol=1e-14)
        assert np.all(np.isfinite(ad.grad(lambda x: np.sum(loaded(x)))(x)))
        """,
        tmp_path,
    )


def test_a_block_in_a_pickle_brings_the_rules():
    ad.grad(special.erf)(0.5)
    data = pickle.dumps(BLOCKS[special.erf])
    child("import pickle\nassert pickle.loads(bytes.fromhex(sys.argv[1])).name == 'erf'", data.hex())


def test_a_rule_of_the_users_own_stays():
    child("""
        from scipy import special
        ad.elementwise(special.erf, lambda x: 7.0 * np.exp(-x * x))
        assert ad.grad(special.erfc)(0.0) < 0
        assert ad.grad(special.erf)(0.0) == 7
    """)


def test_a_rule_is_explained_without_any_variable():
    child("""
        from scipy import special
        assert "exp" in str(ad.explain(special.erf))
    """)


def test_methods_of_ufuncs_have_derivatives():
    x = np.array([0.3, 0.7])
    outer = ad.jacobian(lambda x: special.xlogy.outer(x, np.array([2.0, 3.0])))(x)
    assert np.allclose(outer[0, :, 0], np.log([2.0, 3.0]))


def test_numpy_source_imports_the_function():
    f = ad.compile(lambda x: np.sum(special.psi(x)), backend="numpy")
    f(np.array([1.0, 2.0]))
    assert "from scipy.special import psi" in f.source
