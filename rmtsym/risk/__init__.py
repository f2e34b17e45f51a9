"""Empirical risk minimisation: convex losses, proximal operators, Gaussian-expectation fixed points."""

from rmtsym.risk.loss import LOSSES as LOSSES
from rmtsym.risk.loss import Loss as Loss
from rmtsym.risk.loss import loss as loss
from rmtsym.risk.proximal import Prox as Prox
from rmtsym.risk.proximal import prox as prox
