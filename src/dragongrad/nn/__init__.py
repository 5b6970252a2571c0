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


# What other libraries call what is here under another name.
_ELSEWHERE = {
    "Linear": "nn.Dense", "Sequential": "nn.Chain", "Conv1d": "nn.Conv", "Conv2d": "nn.Conv", "Conv3d": "nn.Conv",
    "ConvTranspose2d": "nn.ConvTranspose", "MaxPool1d": "nn.MaxPool", "MaxPool2d": "nn.MaxPool",
    "AvgPool2d": "nn.AvgPool", "AdaptiveAvgPool2d": "nn.GlobalPool", "BatchNorm1d": "nn.BatchNorm",
    "BatchNorm2d": "nn.BatchNorm", "Flatten": "nn.flatten", "MultiheadAttention": "nn.MultiHeadAttention",
    "CrossEntropyLoss": "nn.cross_entropy", "MSELoss": "nn.squared_error", "mse": "nn.squared_error",
    "mse_loss": "nn.squared_error", "BCEWithLogitsLoss": "nn.binary_cross_entropy",
    "binary_cross_entropy_with_logits": "nn.binary_cross_entropy", "ReLU": "nn.relu", "Tanh": "nn.tanh",
    "Sigmoid": "nn.sigmoid", "GELU": "nn.gelu", "Softmax": "nn.softmax", "Adam": "nn.adam", "AdamW": "nn.adamw",
    "SGD": "nn.sgd", "optim": "nn.adam(1e-3) and the like", "functional": "nn.relu, nn.cross_entropy and the like",
    "DataLoader": "nn.batches", "Module": "a function of parameters and data, or a class with @nn.layer",
    "Parameter": "an array in the nest of parameters", "MLPClassifier": "nn.Classifier",
    "no_grad": "nothing: only what a transform calls is differentiated",
}  # fmt: skip

# Type checkers are not told: to them every name would be one.
if not _typing.TYPE_CHECKING:

    def __getattr__(name: str) -> _typing.Any:
        # scikit-learn is imported by whoever asks for an estimator.
        if name == "Classifier":
            return _import_module(".classifier", __name__).Classifier
        cure = f": write {_ELSEWHERE[name]}" if name in _ELSEWHERE else ""
        raise AttributeError(
            f"dragongrad.nn has no attribute {name!r}{cure}", name=name, obj=_sys.modules[__name__]
        )
