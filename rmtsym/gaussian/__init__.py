"""Gaussian-moment calculus: expectations, Hermite coefficients, kernels, Wick; every closed form with a certificate."""

from rmtsym.gaussian.activations import activation, activation_names
from rmtsym.gaussian.certificate import Certificate, certify
from rmtsym.gaussian.expectations import (
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
from rmtsym.gaussian.families import feature_coefficients, hermite_coefficients
from rmtsym.gaussian.function import Function
from rmtsym.gaussian.isserlis import independent_moment, polynomial_kernel, wick
from rmtsym.gaussian.moments import Moment
from rmtsym.gaussian.pieces import T
from rmtsym.gaussian.recursion import deep_coefficients, implicit_coefficients, layer_jet, layer_step
from rmtsym.gaussian.special import BivariateNormal
from rmtsym.gaussian.strip import expectation_values, kernel_values
from rmtsym.gaussian.text import function_of_text, moment

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
    "deep_coefficients",
    "derivative_kernel",
    "derivative_moment",
    "expectation",
    "expectation_values",
    "feature_coefficients",
    "function_of_text",
    "hermite_coefficient",
    "hermite_coefficients",
    "implicit_coefficients",
    "independent_moment",
    "kernel",
    "kernel_expression",
    "kernel_values",
    "layer_jet",
    "layer_step",
    "moment",
    "polynomial_kernel",
    "variance_derivative",
    "wick",
]
