"""`scipy.spatial.transform` with exact derivatives: rotations."""

from .chapter import CHAPTER, refused
from .rotation import Rotation, Slerp

RotationSpline = refused("RotationSpline", "it is not written yet", "Take Slerp, or CubicSpline of as_rotvec()")
RigidTransform = refused("RigidTransform", "it is not written yet", "Take a Rotation and a vector: r.apply(x) + v")

__all__ = ["RigidTransform", "Rotation", "RotationSpline", "Slerp"]
__getattr__ = CHAPTER.getattr()
