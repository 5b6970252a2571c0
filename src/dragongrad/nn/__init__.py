"""Neural networks: layers are descriptions, parameters are nests of arrays, everything else is an argument."""

import sys as _sys
import typing as _typing
from importlib import import_module as _import_module

from . import activations, initializers
from .activations import (
    elu,
    gelu,
    hard_sigmoid,
    hard_swish,
    leaky_relu,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    tanh,
)
from .attention import MultiHeadAttention, attention
from .batches import batches
from .chain import Chain
from .checkpoint import CheckpointError, load, save
from .convolution import Conv, ConvTranspose, DepthwiseConv
from .dense import Dense
from .dropout import Dropout, dropout
from .embedding import Embedding
from .layers import layer
from .losses import absolute_error, binary_cross_entropy, cross_entropy, focal, huber, squared_error
from .normalization import BatchNorm, GroupNorm, LayerNorm, RMSNorm
from .pooling import AvgPool, GlobalPool, MaxPool, avg_pool, flatten, max_pool
from .prediction import predict
from .recurrent import GRU, LSTM
from .residual import Residual
from .training import Epoch, Training, train
from .updates import (
    CosineDecay,
    ExponentialDecay,
    OneCycle,
    StepDecay,
    Update,
    WarmUp,
    adadelta,
    adagrad,
    adam,
    adamw,
    amsgrad,
    clip_by_norm,
    clip_by_value,
    lion,
    momentum,
    nadam,
    nesterov,
    radam,
    rmsprop,
    rprop,
    sgd,
)

if _typing.TYPE_CHECKING:
    from .classifier import Classifier

__all__ = [
    "GRU",
    "LSTM",
    "AvgPool",
    "BatchNorm",
    "Chain",
    "CheckpointError",
    "Classifier",
    "Conv",
    "ConvTranspose",
    "CosineDecay",
    "Dense",
    "DepthwiseConv",
    "Dropout",
    "Embedding",
    "Epoch",
    "ExponentialDecay",
    "GlobalPool",
    "GroupNorm",
    "LayerNorm",
    "MaxPool",
    "MultiHeadAttention",
    "OneCycle",
    "RMSNorm",
    "Residual",
    "StepDecay",
    "Training",
    "Update",
    "WarmUp",
    "absolute_error",
    "activations",
    "adadelta",
    "adagrad",
    "adam",
    "adamw",
    "amsgrad",
    "attention",
    "avg_pool",
    "batches",
    "binary_cross_entropy",
    "clip_by_norm",
    "clip_by_value",
    "cross_entropy",
    "dropout",
    "elu",
    "flatten",
    "focal",
    "gelu",
    "hard_sigmoid",
    "hard_swish",
    "huber",
    "initializers",
    "layer",
    "leaky_relu",
    "lion",
    "load",
    "log_softmax",
    "max_pool",
    "mish",
    "momentum",
    "nadam",
    "nesterov",
    "predict",
    "radam",
    "relu",
    "relu6",
    "rmsprop",
    "rprop",
    "save",
    "selu",
    "sgd",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "squared_error",
    "tanh",
    "train",
]  # fmt: skip


# PyTorch's names of what is here under another.
_TORCH = {
    "Linear": "Dense", "Sequential": "Chain", "Conv1d": "Conv", "Conv2d": "Conv",
    "CrossEntropyLoss": "cross_entropy", "MSELoss": "squared_error", "ReLU": "relu", "Tanh": "tanh",
    "Adam": "adam", "SGD": "sgd",
}  # fmt: skip

# Type checkers are not told: to them every name would be one.
if not _typing.TYPE_CHECKING:

    def __getattr__(name: str) -> _typing.Any:
        # scikit-learn is imported by whoever asks for an estimator.
        if name == "Classifier":
            return _import_module(".classifier", __name__).Classifier
        cure = f": write nn.{_TORCH[name]}" if name in _TORCH else ""
        raise AttributeError(
            f"dragongrad.nn has no attribute {name!r}{cure}", name=name, obj=_sys.modules[__name__]
        )
