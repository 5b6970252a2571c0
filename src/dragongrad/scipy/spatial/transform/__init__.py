"""`scipy.spatial.transform` with exact derivatives: rotations."""

from .chapter import CHAPTER
from .plain import RigidTransform, RotationSpline
from .rotation import Rotation, Slerp

__all__ = ["RigidTransform", "Rotation", "RotationSpline", "Slerp"]
__getattr__ = CHAPTER.getattr()
