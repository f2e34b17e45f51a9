"""Gaussian-moment calculus: expectations, Hermite coefficients, kernels, Wick; every closed form with a certificate."""

from rmtsym.gaussian.activation import activation, activation_names
from rmtsym.gaussian.certificate import Certificate, certify
from rmtsym.gaussian.expectation import (
    AA,
    AB,
    BB,
    MU,
    RHO,
    SIGMA_X,
    SIGMA_Y,
    TAU,
    derivative_kernel,
    derivative_moment,
    expectation,
    hermite_coefficient,
    kernel,
    kernel_expression,
    variance_derivative,
)
from rmtsym.gaussian.function import Function, T
from rmtsym.gaussian.moment import Moment
from rmtsym.gaussian.special import BivariateNormal

__all__ = [
    "AA",
    "AB",
    "BB",
    "MU",
    "RHO",
    "SIGMA_X",
    "SIGMA_Y",
    "TAU",
    "BivariateNormal",
    "Certificate",
    "Function",
    "Moment",
    "T",
    "activation",
    "activation_names",
    "certify",
    "derivative_kernel",
    "derivative_moment",
    "expectation",
    "hermite_coefficient",
    "kernel",
    "kernel_expression",
    "variance_derivative",
]
