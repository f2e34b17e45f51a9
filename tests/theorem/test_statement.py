from fractions import Fraction

import pytest
import sympy as sp

from rmtsym.errors import DomainError, RmtsymError, UnknownName
from rmtsym.field.value import Value
from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.parsing import ParseError
from rmtsym.theorem import Choice, Count, Parameter, Quantity, Regime, Theorem, predict
from rmtsym.theorem.statement import parse_condition

c, x = sp.symbols("c x", positive=True)


RATIO = (Parameter("c", "ratio"),)


def theorem(stated, parameters=RATIO, quantities=("a", "b"), point=None):
    made = Theorem(
        id="t",
        title="",
        family="toy",
        parameters=parameters,
        quantities=tuple(Quantity(name, "") for name in quantities),
        points={"A": point or {"c": "2"}},
    )
    made.statement(stated)
    return made


def test_the_first_regime_that_holds_is_used():
    low = FixedPointSystem((), (), {"a": c})
    high = FixedPointSystem((), (), {"a": -c})
    made = theorem(lambda: (Regime(low, "c < 1", "low"), Regime(high, "c > 1", "high")))
    assert float(predict(made, {"c": "1/2"})["a"]) == 0.5
    assert float(predict(made)["a"]) == -2
    with pytest.raises(DomainError, match=r"c = 1.*c < 1 or c > 1"):
        predict(made, {"c": "1"})


def test_a_condition_decided_by_assumptions_is_an_error():
    system = FixedPointSystem((), (), {"a": c})
    made = theorem(lambda: (Regime(system, c > 0, "always"), Regime(system, "c > 1", "never")))
    with pytest.raises(ValueError, match="always holds"):
        predict(made)


@pytest.mark.parametrize(
    ("text", "point", "holds"),
    [
        ("c < 1", {"c": Fraction(1, 2)}, True),
        ("c >= 1 and d != 0", {"c": 1, "d": Fraction(1, 10**20)}, True),
        ("2*c - d == 0", {"c": Fraction(1, 3), "d": Fraction(2, 3)}, True),
        ("2*c - d == 0", {"c": Fraction(1, 3), "d": Fraction(2, 3) + Fraction(1, 10**30)}, False),
    ],
)
def test_conditions_are_exact(text, point, holds):
    assert Regime(None, text).holds(point) is holds


@pytest.mark.parametrize("text", ["c", "c < d < e", "__import__('os') < 1", "c <"])
def test_conditions_are_parsed_not_evaluated(text):
    with pytest.raises((ParseError, UnknownName)):
        parse_condition(text)


def test_systems_of_a_regime_are_taken_together_and_alone():
    hard = FixedPointSystem((Unknown(x),), (sp.Eq(x, -c - x, evaluate=False),), {"b": x})  # no positive root
    made = theorem(lambda: Regime((FixedPointSystem((), (), {"a": c}), hard)))
    assert list(predict(made, quantities=["a"])) == ["a"]
    with pytest.raises(RmtsymError):
        predict(made)


def test_outputs_made_of_others_are_found_alone():
    made = theorem(lambda: FixedPointSystem((), (), {"a": c, "b": 3 * sp.Symbol("a")}))
    assert float(predict(made, quantities=["b"])["b"]) == 6


def test_a_statement_may_depend_on_choices_and_counts_only():
    parameters = (Parameter("c", ""), Parameter("k", "", Count(1, 5)), Parameter("f", "", Choice("law", "one", "two")))

    def stated(k, f):
        return FixedPointSystem((), (), {"a": c**k if f == "one" else -(c**k)})

    made = theorem(stated, parameters, point={"c": "2", "k": 3, "f": "one"})
    assert float(predict(made)["a"]) == 8
    assert float(predict(made, {"f": "two", "k": 2})["a"]) == -4
    with pytest.raises(TypeError, match="not on c"):
        theorem(lambda c: None)


def test_regimes_of_all_default_points():
    made = theorem(
        lambda k: Regime(FixedPointSystem((), (), {"a": c**k}), name=f"power {k}"),
        (Parameter("c", ""), Parameter("k", "", Count(1, 5))),
        point={"c": "2", "k": 3},
    )
    made.points = {**made.points, "other": {"c": "2", "k": 4}, "again": {"c": "1", "k": 3}}
    assert [r.name for r in made.regimes()] == ["power 3", "power 4"]
    assert made.regimes()[1] is made.regime(made.point("other"))


def test_a_numeric_system_brings_its_own_numbers():
    class Half:
        outputs = ("a",)

        def solve(self, point):
            return {"a": float(point["c"]) / 2}

        def enclose(self, point, digits):
            return {"a": Value(float(point["c"]) / 2, 1e-20, "enclosed", "by hand")}

    made = theorem(Half)
    assert float(predict(made)["a"]) == 1
    assert float(made.values(made.point())["a"]) == 1


def test_names_that_do_not_exist_are_named():
    made = theorem(lambda: FixedPointSystem((), (), {"a": c}))
    with pytest.raises(UnknownName, match="quantity of t 'aa'"):
        predict(made, quantities=["aa"])
    with pytest.raises(UnknownName, match="point of t 'B'"):
        made.point("B")
    with pytest.raises(RmtsymError, match="no statement"):
        Theorem(id="t", title="", family="", parameters=(), quantities=()).regimes()


def test_a_function_that_forgets_to_return_is_named():
    with pytest.raises(RmtsymError, match="the statement returned None; return a FixedPointSystem"):
        theorem(lambda: None).regimes()
    made = theorem(lambda: FixedPointSystem((), (), {"a": c}))
    made.binding(lambda c: None)
    with pytest.raises(RmtsymError, match="the binding returned None; return a dict"):
        predict(made)


def test_an_output_that_the_statement_lacks_is_named():
    made = theorem(lambda: FixedPointSystem((), (), {"a": c}))
    with pytest.raises(UnknownName, match="unknown output of t 'b'; known: a"):
        predict(made, quantities=["b"])


@pytest.mark.parametrize("names", [{"quantities": ("a", "a")}, {"parameters": RATIO * 2}])
def test_a_name_twice_is_refused(names):
    with pytest.raises(DomainError, match="one meaning for each name"):
        theorem(lambda: None, **names)
