"""`scipy.stats` with exact derivatives: distributions by places and parameters, and moments of samples.

Each distribution has SciPy's methods; called with parameters it is one member of its family.
"""

from .bounded import (
    arcsine,
    beta,
    cosine,
    johnsonsb,
    loguniform,
    powerlaw,
    reciprocal,
    semicircular,
    triang,
    uniform,
)
from .chapter import CHAPTER
from .discrete import bernoulli, betabinom, binom, dlaplace, geom, logser, nbinom, planck, poisson, yulesimon, zipf
from .matrices import invwishart, matrix_normal, wishart
from .multivariate import dirichlet, multinomial, multivariate_normal, multivariate_t
from .normal import (
    cauchy,
    exponnorm,
    genlogistic,
    gennorm,
    gumbel_l,
    gumbel_r,
    hypsecant,
    johnsonsu,
    laplace,
    laplace_asymmetric,
    loggamma,
    logistic,
    moyal,
    norm,
    skewnorm,
    t,
    truncnorm,
    vonmises,
)
from .positive import (
    betaprime,
    burr,
    burr12,
    chi,
    chi2,
    erlang,
    expon,
    exponweib,
    f,
    fisk,
    foldnorm,
    gamma,
    genextreme,
    genpareto,
    halfcauchy,
    halflogistic,
    halfnorm,
    invgamma,
    invgauss,
    invweibull,
    levy,
    lognorm,
    lomax,
    maxwell,
    nakagami,
    pareto,
    rayleigh,
    rice,
    wald,
    weibull_max,
    weibull_min,
)
from .relations import circmean, circstd, circvar, gaussian_kde, linregress, pearsonr
from .samples import entropy, gmean, hmean, kurtosis, moment, pmean, sem, skew, variation, zscore

__all__ = [
    "arcsine", "bernoulli", "beta", "betabinom", "betaprime", "binom", "burr", "burr12", "cauchy", "chi",
    "chi2", "circmean", "circstd", "circvar", "cosine", "dirichlet", "dlaplace", "entropy", "erlang", "expon",
    "exponnorm", "exponweib", "f", "fisk", "foldnorm", "gamma", "gaussian_kde", "genextreme", "genlogistic",
    "gennorm", "genpareto", "geom", "gmean", "gumbel_l", "gumbel_r", "halfcauchy", "halflogistic", "halfnorm",
    "hmean", "hypsecant", "invgamma", "invgauss", "invweibull", "invwishart", "johnsonsb", "johnsonsu",
    "kurtosis", "laplace", "laplace_asymmetric", "levy", "linregress", "loggamma", "logistic", "lognorm",
    "logser", "loguniform", "lomax", "matrix_normal", "maxwell", "moment", "moyal", "multinomial",
    "multivariate_normal", "multivariate_t", "nakagami", "nbinom", "norm", "pareto", "pearsonr", "planck",
    "pmean", "poisson", "powerlaw", "rayleigh", "reciprocal", "rice", "sem", "semicircular", "skew", "skewnorm",
    "t", "triang", "truncnorm", "uniform", "variation", "vonmises", "wald", "weibull_max", "weibull_min",
    "wishart", "yulesimon", "zipf", "zscore",
]  # fmt: skip
__getattr__ = CHAPTER.getattr()
