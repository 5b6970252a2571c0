"""Neural networks: layers are descriptions, parameters are nests of arrays, everything else is an argument."""

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
from .chain import Chain
from .convolution import Conv, ConvTranspose, DepthwiseConv
from .dense import Dense
from .dropout import Dropout, dropout
from .embedding import Embedding
from .layers import layer
from .losses import absolute_error, binary_cross_entropy, cross_entropy, focal, huber, squared_error
from .normalization import BatchNorm, GroupNorm, LayerNorm, RMSNorm
from .pooling import AvgPool, GlobalPool, MaxPool, avg_pool, flatten, max_pool
from .recurrent import GRU, LSTM
from .residual import Residual

__all__ = [
    "GRU", "LSTM", "AvgPool", "BatchNorm", "Chain", "Conv", "ConvTranspose", "Dense", "DepthwiseConv",
    "Dropout", "Embedding", "GlobalPool", "GroupNorm", "LayerNorm", "MaxPool", "MultiHeadAttention", "RMSNorm",
    "Residual", "absolute_error", "activations", "attention", "avg_pool", "binary_cross_entropy",
    "cross_entropy", "dropout", "elu", "flatten", "focal", "gelu", "hard_sigmoid", "hard_swish", "huber",
    "initializers", "layer", "leaky_relu", "log_softmax", "max_pool", "mish", "relu", "relu6", "selu",
    "sigmoid", "silu", "softmax", "softplus", "softsign", "squared_error", "tanh",
]  # fmt: skip
