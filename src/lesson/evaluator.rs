//! Evaluates expressions on a scene: rightly, or as a learner with a misconception does.

use super::{
    answer::{Answer, Number, Sign},
    expression::{Arithmetic, Expression},
    misconceptions::Rule,
    pattern::{Variables, places, substitute},
    quantity::right,
    query::{Function, Query, Value},
    scene::Scene,
};
use crate::data::samples;
use crate::trace::{Address, Grain, TensorId};
use std::cell::RefCell;

/// Evaluates expressions on a scene: rightly, or as a learner with a misconception does.
pub struct Evaluator<'a> {
    scene: &'a Scene,
    at: Option<Address>,
    variables: &'a Variables,
    rule: Option<&'a Rule>,
    /// The first quantity that the rule had something to say about.
    deformed: RefCell<Option<Query>>,
}

impl<'a> Evaluator<'a> {
    /// The right answers; `at` is the place of the beat, which quantities without a place are about.
    pub fn new(scene: &'a Scene, at: Option<Address>, variables: &'a Variables) -> Self {
        Self { scene, at, variables, rule: None, deformed: RefCell::new(None) }
    }

    /// The answers of a learner who holds a rule.
    pub fn believing(self, rule: &'a Rule) -> Self {
        Self { rule: Some(rule), ..self }
    }

    /// The answer to an expression; of a learner who holds a rule, `None` where the rule says nothing about it.
    ///
    /// # Errors
    /// What is wrong with the expression on this network.
    pub fn answer(&self, expression: &Expression) -> Result<Option<Answer>, String> {
        self.deformed.replace(None);
        let answer = self.evaluate(expression)?;
        Ok((self.rule.is_none() || self.deformed.borrow().is_some()).then_some(answer))
    }

    /// The first quantity that the rule had something to say about in the last expression.
    pub fn deformed_query(&self) -> Option<Query> {
        self.deformed.borrow().clone()
    }

    /// The number of an expression.
    ///
    /// # Errors
    /// As [`Evaluator::answer`]; where it is no number.
    pub fn number(&self, expression: &Expression) -> Result<Number, String> {
        match self.evaluate(expression)? {
            Answer::Number(number) => Ok(number),
            Answer::Place(place) => Ok(Number::count(place)),
            Answer::Sign(sign) => Ok(Number { value: f64::from(sign as i8) - 1.0, whole: true }),
            Answer::Cells(_) | Answer::Order(_) | Answer::Met(_) => {
                Err("expected a number, got cells; use value(…) of one".into())
            }
        }
    }

    fn evaluate(&self, expression: &Expression) -> Result<Answer, String> {
        match expression {
            Expression::Number(value) => {
                Ok(Answer::Number(Number { value: *value, whole: value.fract() == 0.0 }))
            }
            Expression::Both(sign, a, b) => {
                let (a, b) = (self.number(a)?, self.number(b)?);
                let value = match sign {
                    Arithmetic::Add => a.value + b.value,
                    Arithmetic::Subtract => a.value - b.value,
                    Arithmetic::Multiply => a.value * b.value,
                    Arithmetic::Divide => a.value / b.value,
                };
                // A score times its divisor is whole but for rounding, and is asked for as such.
                let near = value.round();
                let whole = near != 0.0 && (value - near).abs() <= 1e-6 * near.abs();
                Ok(Answer::Number(match whole || (a.whole && b.whole && value.fract() == 0.0) {
                    true => Number { value: near, whole: true },
                    false => Number { value, whole: false },
                }))
            }
            Expression::Call { function, arguments } => self.call(*function, arguments),
        }
    }

    fn call(&self, function: Function, arguments: &[String]) -> Result<Answer, String> {
        if function == Function::Signed {
            let [inner] = arguments else {
                return Err("sign: expected one expression; write sign(value(A) - value(B))".into());
            };
            let inner = Expression::parse(&substitute(inner, self.variables)?).map_err(|error| error.0)?;
            let mut query = Query { function, arguments: Vec::new() };
            for (function, arguments) in inner.calls() {
                query.arguments.extend(self.query(function, arguments)?.arguments);
            }
            if let Some(answer) = self.deformed(&query) {
                return Ok(answer);
            }
            return Ok(Answer::Sign(Sign::new(self.number(&inner)?.value)));
        }
        let query = self.query(function, arguments)?;
        match self.deformed(&query) {
            Some(answer) => Ok(answer),
            None if self.is_undecided(&query) => right(self.scene, &query, |_| None),
            None => right(self.scene, &query, |place| self.believed(place)),
        }
    }

    /// What the rule makes of a cell's number.
    fn believed(&self, cell: Address) -> Option<f64> {
        let query = Query { function: Function::Value, arguments: vec![Value::Place(cell)] };
        self.deformed(&query).and_then(|answer| answer.number())
    }

    /// Whether the rule makes the first of compared cells alike, so that a learner who holds it cannot tell.
    fn is_undecided(&self, query: &Query) -> bool {
        let sign = match query.function {
            Function::Which => 1.0,
            Function::Smaller => -1.0,
            _ => return false,
        };
        let Some(rule) = self.rule else { return false };
        let value = |cell: Address| {
            let query = Query { function: Function::Value, arguments: vec![Value::Place(cell)] };
            let wrong = (rule.answer)(self.scene, &query).and_then(|answer| answer.number());
            sign * wrong.unwrap_or_else(|| f64::from(self.scene.trace.finished(&cell)))
        };
        let places = query.places();
        if !places.iter().all(|place| place.grain() >= Grain::Cell) {
            return false;
        }
        let values: Vec<f64> = places.into_iter().map(value).collect();
        let first = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        values.iter().filter(|value| **value == first).count() > 1
    }

    /// What the rule makes of a quantity, where it says something about it.
    fn deformed(&self, query: &Query) -> Option<Answer> {
        let answer = (self.rule?.answer)(self.scene, query)?;
        if is_rounded(self.scene, query, &answer) {
            return None;
        }
        self.deformed.borrow_mut().get_or_insert_with(|| query.clone());
        Some(answer)
    }

    /// A quantity with its arguments as places, layers and numbers.
    ///
    /// # Errors
    /// Names an argument that is none of them.
    pub fn query(&self, function: Function, arguments: &[String]) -> Result<Query, String> {
        let mut values = Vec::new();
        for argument in arguments {
            values.extend(self.value(&substitute(argument, self.variables)?)?);
        }
        let has_place = values.iter().any(|value| matches!(value, Value::Place(_)));
        if !has_place && wants_place(function) {
            let at = self.at.ok_or_else(|| {
                format!("{}: expected a place, got none; give the beat an `at`", function.name())
            })?;
            values.push(Value::Place(at));
        }
        Ok(Query { function, arguments: values })
    }

    fn value(&self, text: &str) -> Result<Vec<Value>, String> {
        let plan = self.scene.plan();
        if let Ok(number) = text.parse() {
            return Ok(vec![Value::Number(number)]);
        }
        if let Some(l) = plan.network().layers.iter().position(|layer| layer.name() == text) {
            return Ok(vec![Value::Layer(l)]);
        }
        match text {
            "input" => return Ok(vec![Value::Place(whole_input())]),
            "dense" | "conv" => return Ok(vec![Value::Word(text.to_owned())]),
            "loss" => return Ok(Vec::new()),
            _ if samples::find(text).is_some() => return Ok(vec![Value::Word(text.to_owned())]),
            _ => {}
        }
        Ok(places(plan, text)?.into_iter().map(Value::Place).collect())
    }
}

/// Whether a wrong number is the right one but for rounding: the rule then says nothing.
fn is_rounded(scene: &Scene, query: &Query, answer: &Answer) -> bool {
    let (Function::Value, Some(place), Answer::Number(wrong)) = (query.function, query.place(), answer)
    else {
        return false;
    };
    let right = f64::from(scene.trace.finished(&place.whole_cell()));
    (wrong.value - right).abs() <= 1e-6 * right.abs()
}

fn whole_input() -> Address {
    Address::whole_given(0, 0, TensorId::INPUT)
}

/// Whether a quantity is about a place.
fn wants_place(function: Function) -> bool {
    use Function::*;
    match function {
        Value | Terms | Count | Nonzero | Readers | Reads | Index | DifferInWindow | Padded | Sum | Max
        | Min | Norm | LargestAbs | Differ | Moved | Largest | Farthest | Source | Winner | MinusSign
        | FirstBlocked | ProbWithout | ValueOf | BatchMean => true,
        Windows | Width | Height | Maps | Length | LengthBefore | Params | Weights | FilterParams
        | FilterPixels | FilterWidth | Stride | Padding | Unseen | Kept | Loss | LossAfter | Rate | Prob
        | ShareDropped | FirstNotFinite | Which | Smaller | Answered | Signed | SignOfChange | Ordered
        | Needed | PointsLost | WhichNetwork => false,
    }
}
