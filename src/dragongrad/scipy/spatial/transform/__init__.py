"""`scipy.spatial.transform` with exact derivatives: rotations."""

from .chapter import CHAPTER
from .plain import RigidTransform, RotationSpline
from .rotation import Rotation
from .slerp import Slerp

__all__ = ["RigidTransform", "Rotation", "RotationSpline", "Slerp"]
__getattr__ = CHAPTER.getattr()
