"""Empirical risk minimisation: convex losses, proximal operators, Gaussian means of their scores."""

from rmtsym.risk.left_out import LeftOut as LeftOut
from rmtsym.risk.loss import LOSSES as LOSSES
from rmtsym.risk.loss import Loss as Loss
from rmtsym.risk.loss import loss as loss
from rmtsym.risk.margin import MarginLoss as MarginLoss
from rmtsym.risk.margin import margin_loss as margin_loss
from rmtsym.risk.minimise import minimise as minimise
from rmtsym.risk.minimise import separable as separable
from rmtsym.risk.proximal import Prox as Prox
from rmtsym.risk.proximal import prox as prox
from rmtsym.risk.score import LossMean as LossMean
from rmtsym.risk.score import Score as Score
from rmtsym.risk.score import ScoreMean as ScoreMean
from rmtsym.risk.score import explicit as explicit
