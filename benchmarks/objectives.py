"""The objectives of the GradBench suite, for any library that spells NumPy `xp`, with generated data.

Written from their definitions: F. Srajer, Z. Kukelova, A. Fitzgibbon, "A benchmark of selected algorithmic
differentiation tools on some problems in computer vision and machine learning", Optimization Methods and Software
33 (2018), and https://gradben.ch.
"""

import numpy as np
from scipy.special import gammaln


def rosenbrock(xp, x):
    """A valley, as everybody's first example."""
    return xp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def lse(xp, x):
    """The logarithm of a sum of exponentials, safe from overflow."""
    m = xp.max(x)
    return xp.log(xp.sum(xp.exp(x - m))) + m


def llsq(xp, x, t, s):
    """The squared distance of a polynomial, by Horner's scheme, from a step."""
    p = x[-1] * t**0
    for j in range(len(x) - 2, -1, -1):
        p = p * t + x[j]
    return xp.sum((s - p) ** 2) / 2.0


def llsq_data(n, m, rng):
    t = -1.0 + 2.0 * np.arange(n) / (n - 1.0)
    return rng.standard_normal(m), t, np.sign(t)


# Gaussian mixture


def gmm(xp, alphas, means, icf, x, corner):
    """The log likelihood of a mixture, with a Wishart prior.

    `icf` holds the logarithms of the diagonals of the inverse Cholesky factors, then their lower triangles;
    `corner` places a triangle, after one zero, in a square.
    """
    k, d = means.shape
    n = x.shape[0]
    logs, lower = icf[:, :d], icf[:, d:]
    diagonal = xp.exp(logs)
    padded = xp.concatenate([xp.zeros_like(alphas)[:, None], diagonal, lower], 1)
    factors = padded[:, corner]
    centred = x[None] - means[:, None, :]
    spread = xp.matmul(centred, factors.transpose(0, 2, 1) if xp is np else xp.swapaxes(factors, 1, 2))
    log_sums = xp.sum(logs, 1)
    terms = (alphas + log_sums)[:, None] - 0.5 * xp.sum(spread * spread, 2)
    top = xp.max(terms, 0)
    slack = xp.sum(xp.log(xp.sum(xp.exp(terms - top), 0)) + top)
    prior = 0.5 * (xp.sum(diagonal * diagonal) + xp.sum(lower * lower))
    return slack - n * lse(xp, alphas) + prior + gmm_constant(n, d, k)


def gmm_constant(n, d, k):
    """What no parameter changes: the Gaussian's constant, and the Wishart prior's (gamma = 1, m = 0)."""
    p = d + 1
    log_gamma = 0.25 * d * (d - 1) * np.log(np.pi) + np.sum(gammaln(0.5 * p + 0.5 * (1 - np.arange(1, d + 1))))
    return -n * 0.5 * d * np.log(2 * np.pi) - k * (p * d * (-0.5 * np.log(2)) - log_gamma)


def gmm_data(n, d, k, rng):
    corner = np.zeros((d, d), np.int64)
    corner[np.arange(d), np.arange(d)] = 1 + np.arange(d)
    rows, columns = np.tril_indices(d, -1)
    order = np.lexsort((rows, columns))  # column after column
    corner[rows[order], columns[order]] = 1 + d + np.arange(len(rows))
    icf = 0.3 * rng.standard_normal((k, d + d * (d - 1) // 2))
    return rng.standard_normal(k), rng.random((k, d)), icf, rng.standard_normal((n, d)), corner


# k-means


def kmeans(xp, centres, points):
    """The sum of squared distances to the nearest centre."""
    differences = points[:, None, :] - centres[None]
    return xp.sum(xp.min(xp.sum(differences * differences, 2), 1))


def kmeans_data(n, k, d, rng):
    return rng.random((k, d)), rng.random((n, d))


# Bundle adjustment


def _cross(a, b):
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _rotate(xp, r, x):
    """A point turned about the axis r by the angle |r|, by Rodrigues' formula."""
    angle = xp.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2])
    c, s = xp.cos(angle), xp.sin(angle)
    w = [r[0] / angle, r[1] / angle, r[2] / angle]
    cross = _cross(w, x)
    along = (w[0] * x[0] + w[1] * x[1] + w[2] * x[2]) * (1.0 - c)
    return [x[i] * c + cross[i] * s + w[i] * along for i in range(3)]


def ba(xp, cam, point, weight, feature):
    """The weighted error of an observation; camera: rotation, centre, focal length, principal point, distortion."""
    x = _rotate(xp, cam[0:3], [point[i] - cam[3 + i] for i in range(3)])
    u, v = x[0] / x[2], x[1] / x[2]
    square = u * u + v * v
    bend = 1.0 + cam[9] * square + cam[10] * square * square
    projected = u * bend * cam[6] + cam[7], v * bend * cam[6] + cam[8]
    return xp.stack([weight * (projected[0] - feature[0]), weight * (projected[1] - feature[1])])


def ba_data(cameras, points, observations, rng):
    cams = rng.random((cameras, 11))
    world = rng.random((points, 3)) + np.array([0.0, 0.0, 3.0])
    which = rng.integers(0, cameras, observations), rng.integers(0, points, observations)
    return cams, world, rng.random(observations), rng.random((observations, 2)), *which


# Hand tracking

BONES, VERTICES = 22, 544
# The wrist, then five fingers of four bones, and the arm.
PARENTS = [-1, *[0 if b % 4 == 1 else b - 1 for b in range(1, 21)], 0]


def _matrix(xp, rows):
    return xp.stack([xp.stack(row) for row in rows])


def _euler(xp, a):
    """Rotation about the axes x, y, z in turn, with a column and a row for translation."""
    zero = 0.0 * a[0]
    one = zero + 1.0
    c, s = xp.cos(a), xp.sin(a)
    return _matrix(xp, [
        [c[1] * c[2], s[0] * s[1] * c[2] - c[0] * s[2], c[0] * s[1] * c[2] + s[0] * s[2], zero],
        [c[1] * s[2], s[0] * s[1] * s[2] + c[0] * c[2], c[0] * s[1] * s[2] - s[0] * c[2], zero],
        [-s[1], s[0] * c[1], c[0] * c[1], zero],
        [zero, zero, zero, one],
    ])  # fmt: skip


def _axis_rotation(xp, r):
    angle = xp.sqrt(xp.sum(r * r))
    x, y, z = r[0] / angle, r[1] / angle, r[2] / angle
    c, s = xp.cos(angle), xp.sin(angle)
    return _matrix(xp, [
        [x * x + (1 - x * x) * c, x * y * (1 - c) - z * s, x * z * (1 - c) + y * s],
        [x * y * (1 - c) + z * s, y * y + (1 - y * y) * c, y * z * (1 - c) - x * s],
        [x * z * (1 - c) - y * s, z * y * (1 - c) + x * s, z * z + (1 - z * z) * c],
    ])  # fmt: skip


def ht(xp, theta, us, base, inverses, vertices, weights, triangles, targets):
    """The distances of the points on a skinned hand (`us`: barycentric in each triangle) from their targets."""
    zero = 0.0 * theta[0]
    absolutes = []
    for bone, parent in enumerate(PARENTS):
        finger, joint = divmod(bone - 1, 4)
        angles = [zero, zero, zero]
        if 1 <= bone <= 20 and joint:
            at = 6 + 4 * finger + (0 if joint == 1 else joint)
            angles = [theta[at], theta[at + 1] if joint == 1 else zero, zero]
        relative = base[bone] @ _euler(xp, xp.stack(angles))
        absolutes.append(relative if parent < 0 else absolutes[parent] @ relative)
    transforms = xp.stack([a @ b for a, b in zip(absolutes, inverses, strict=True)])
    moved = xp.matmul(transforms[:, :3, :], vertices)
    skinned = xp.sum(moved * weights[:, None, :], 0)
    hand = (_axis_rotation(xp, theta[:3]) @ skinned).T + theta[3:6]
    u, v = us[:, :1], us[:, 1:]
    a, b, c = (hand[triangles[:, i]] for i in range(3))
    return targets - (u * a + v * b + (1.0 - u - v) * c)


def ht_data(correspondences, rng):
    def rigid():
        q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        m = np.eye(4)
        m[:3, :3], m[:3, 3] = q, 0.1 * rng.standard_normal(3)
        return m

    base = np.array([rigid() for _ in range(BONES)])
    inverses = np.linalg.inv(np.array([rigid() for _ in range(BONES)]))
    vertices = np.vstack([rng.standard_normal((3, VERTICES)), np.ones(VERTICES)])
    weights = rng.random((BONES, VERTICES)) * (rng.random((BONES, VERTICES)) < 0.2)
    triangles = rng.integers(0, VERTICES, (correspondences, 3))
    theta = 0.3 * rng.standard_normal(26)
    us = rng.random((correspondences, 2)) / 2
    return theta, us, base, inverses, vertices, weights, triangles, rng.standard_normal((correspondences, 3))
