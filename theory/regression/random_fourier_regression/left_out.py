r"""Random Fourier features: controls with mean zero, from what one weight adds to the others.

The two features U = (c, s)/sqrt(n) of a weight are independent of the others.  Given these, tr U'MU has the mean
tr KM/n, K = K_cos + K_sin, for every M made of the others, such as their resolvent; so the form less this mean has mean
zero, and its sum over the weights follows a trace of the resolvent closely.  With V = QU and D = (1 - U'QU)^{-1} the
resolvent without the weight is Q + V D V', a correction of rank two: nothing is inverted again, and products of all
features at once with Q and with the kernels suffice.  These may be in single precision.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from rmtsym.field.number_system import FLOAT
from rmtsym.simulate import Control
from theory.regression.random_fourier_regression.kernels import bound_of, load

__all__ = ["kernels", "left_out", "left_out_controls", "single"]


@lru_cache(maxsize=64)
def kernels(law: str, *key: Any) -> tuple[np.ndarray, np.ndarray]:
    """Means of cos w'(x - y) between training data, and between training and test data, for this law of weights."""
    if law != "rad":  # Gaussian
        bound = bound_of(*key)
        train, across = (sum(bound[f"{kind}_{x}"].in_system(FLOAT) for x in ("cos", "sin")) for kind in "KC")
        return np.asarray(train), np.asarray(across)
    X, Xh, *_ = load(*key)
    train, across = (np.ones((X.shape[1], Y.shape[1])) for Y in (X, Xh))
    for found, Y in ((train, X), (across, Xh)):
        for x, y in zip(X, Y, strict=True):  # signs: a product over the coordinates
            found *= np.cos(np.subtract.outer(x, y))
    return train, across


@lru_cache(maxsize=64)
def single(law: str, *key: Any) -> tuple[np.ndarray, np.ndarray]:
    """The same in single precision."""
    train, across = kernels(law, *key)
    return train.astype(np.float32), across.astype(np.float32)


def blocks(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """For each weight the products of its two rows of x with its two rows of y; rows are first cosines, then sines."""
    x, y = (z.reshape(2, len(z) // 2, -1) for z in (x, y))
    return np.array([[np.einsum("ij,ij->i", a, b) for b in y] for a in x], dtype=float)


def product(first: np.ndarray, *others: np.ndarray) -> np.ndarray:
    """Product of blocks, for each weight."""
    for other in others:
        first = np.einsum("abi,bci->aci", first, other)
    return first


def trace(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Trace of the product, for each weight."""
    return np.asarray(np.einsum("abi,bai->i", first, second))


def left_out(
    S: np.ndarray, Sh: np.ndarray, Q: np.ndarray, R: np.ndarray, K: np.ndarray, C: np.ndarray
) -> dict[str, float]:
    r"""Each weight left out in turn; R = QP predicts, its error in a feature is e = u_h - R'u, and q = Qu.

    Forms u'Mu with M = Q (``load``), Q^2 (``square``) and QKQ (``spread``), e'e (``error``) and e'R'q (``pull``), all
    summed over the cosine and the sine: apart they hardly follow the statistics better (measured at B and C).
    """
    size = S.shape[1]
    U, Uh, Q, R = (
        (x / scale).astype(K.dtype) for x, scale in ((S, np.sqrt(size)), (Sh, np.sqrt(size)), (Q, 1), (R, 1))
    )
    V = U @ Q  # rows are features
    D = np.linalg.inv((np.eye(2)[..., None] - blocks(U, V)).T).T
    E = Uh - U @ R  # D times this is the error without the weight
    RE, RV, QV, KV, KQ, KR = E @ R.T, V @ R, V @ Q, V @ K, K @ Q, K @ R
    Y = C - KR
    YE, YV, QKV = E @ Y.T, V @ Y, KV @ Q
    DEE, DVV, DERV, DVKV, DQVKV = (product(D, blocks(*x)) for x in ((E, E), (V, V), (E, RV), (V, KV), (QV, KV)))
    square, VYE = product(DVV, D), blocks(V, YE)
    form = {"load": np.trace(D) - 2, "square": np.trace(square), "spread": trace(DVKV, D), "error": trace(DEE, D)}
    form["pull"] = trace(DERV - product(DEE, DVV), D)
    mean = {"load": np.vdot(K, Q) + np.trace(DVKV)}
    mean["square"] = np.vdot(KQ, Q) + 2 * np.trace(DQVKV) + trace(DVKV, DVV)
    mean["spread"] = np.vdot(KQ, KQ.T) + 2 * trace(D, blocks(KV, QKV)) + trace(DVKV, DVKV)
    mean["error"] = Sh.shape[1] - 2 * (np.vdot(R, C) - trace(D, VYE + blocks(KV, RE)))  # cos^2 + sin^2 = 1
    mean["error"] += np.vdot(R, KR) - 2 * trace(D, blocks(RE, KV)) + trace(DVKV, DEE)
    mean["pull"] = np.vdot(R, Q @ Y) + trace(D, blocks(YV, RV) + blocks(RE, QKV) - blocks(QV, YE))
    mean["pull"] += trace(DVKV, DERV) - trace(square, VYE) - trace(DQVKV + product(DVV, DVKV), DEE)
    return {f"left_out_{name}": float(np.mean(form[name] - mean[name] / size)) for name in form}


def left_out_controls(*names: str) -> tuple[Control, ...]:
    """Controls of these names, without ``left_out_``; their means are zero."""
    return tuple(Control(f"left_out_{name}", 0.0) for name in names)
