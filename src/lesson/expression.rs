//! Expressions over quantities: `value * filter_pixels(conv1)`, and conditions: `value >= 0.9`.

use super::query::Function;

/// An arithmetic operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arithmetic {
    /// +
    Add,
    /// −
    Subtract,
    /// ·
    Multiply,
    /// ÷
    Divide,
}

/// A quantity, a number, or an arithmetic of them.
#[derive(Clone, PartialEq, Debug)]
pub enum Expression {
    /// A number.
    Number(f64),
    /// A quantity with its arguments as they are written.
    Call {
        /// What is asked.
        function: Function,
        /// Addresses, layers, numbers; of `sign` an expression.
        arguments: Vec<String>,
    },
    /// An arithmetic of two.
    Both(Arithmetic, Box<Self>, Box<Self>),
}

/// Why a text is no expression, on one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExpressionError(pub String);

impl std::fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How two sides of a condition compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// <
    Less,
    /// <=
    AtMost,
    /// ==
    Equal,
    /// !=
    Differs,
    /// >=
    AtLeast,
    /// >
    More,
}

/// A condition on the trace.
#[derive(Clone, PartialEq, Debug)]
pub struct Condition {
    /// The left side.
    pub left: Expression,
    /// How it compares.
    pub comparison: Comparison,
    /// The right side.
    pub right: Expression,
}

impl Condition {
    /// Reads `LEFT <= RIGHT` and the like.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        use Comparison::{AtLeast, AtMost, Differs, Equal, Less, More};
        const SIGNS: [(&str, Comparison); 6] = [
            (" <= ", AtMost),
            (" >= ", AtLeast),
            (" == ", Equal),
            (" != ", Differs),
            (" < ", Less),
            (" > ", More),
        ];
        for (sign, comparison) in SIGNS {
            if let Some((left, right)) = text.split_once(sign) {
                let (left, right) = (Expression::parse(left)?, Expression::parse(right)?);
                return Ok(Self { left, comparison, right });
            }
        }
        Err(ExpressionError(format!(
            "{text}: expected a condition such as value >= 0.9, got no comparison; write <, <=, ==, !=, >= or > \
             between spaces"
        )))
    }

    /// The sign of the comparison, as it is printed.
    pub const fn sign(&self) -> &'static str {
        match self.comparison {
            Comparison::Less => "<",
            Comparison::AtMost => "≤",
            Comparison::Equal => "=",
            Comparison::Differs => "≠",
            Comparison::AtLeast => "≥",
            Comparison::More => ">",
        }
    }

    /// Whether two numbers compare so.
    pub fn holds(&self, left: f64, right: f64) -> bool {
        match self.comparison {
            Comparison::Less => left < right,
            Comparison::AtMost => left <= right,
            Comparison::Equal => left == right,
            Comparison::Differs => left != right,
            Comparison::AtLeast => left >= right,
            Comparison::More => left > right,
        }
    }
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// Names what was expected and what came.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let mut parser = Parser { text, at: 0 };
        let expression = parser.sum()?;
        parser.skip();
        match parser.rest() {
            "" => Ok(expression),
            rest => Err(ExpressionError(format!("{text}: expected + − * / or the end, got {rest:?}"))),
        }
    }

    /// All quantities in it, with their arguments.
    pub fn calls(&self) -> Vec<(Function, &[String])> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Call { function, arguments } => vec![(*function, arguments)],
            Self::Both(_, a, b) => [a.calls(), b.calls()].concat(),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn takes(&mut self, signs: &[(char, Arithmetic)]) -> Option<Arithmetic> {
        self.skip();
        let first = self.rest().chars().next()?;
        let (_, found) = signs.iter().find(|(sign, _)| *sign == first)?;
        self.at += first.len_utf8();
        Some(*found)
    }

    fn sum(&mut self) -> Result<Expression, ExpressionError> {
        let mut left = self.product()?;
        while let Some(sign) = self.takes(&[
            ('+', Arithmetic::Add),
            ('-', Arithmetic::Subtract),
            ('\u{2212}', Arithmetic::Subtract),
        ]) {
            left = Expression::Both(sign, Box::new(left), Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expression, ExpressionError> {
        let mut left = self.single()?;
        while let Some(sign) = self.takes(&[('*', Arithmetic::Multiply), ('/', Arithmetic::Divide)]) {
            left = Expression::Both(sign, Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Expression, ExpressionError> {
        self.skip();
        let rest = self.rest();
        if let Some(inner) = rest.strip_prefix('(') {
            self.at += rest.len() - inner.len();
            let inside = self.sum()?;
            self.skip();
            return match self.rest().strip_prefix(')') {
                Some(_) => {
                    self.at += 1;
                    Ok(inside)
                }
                None => Err(ExpressionError(format!("{}: expected ), got {:?}", self.text, self.rest()))),
            };
        }
        let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | '-' | '\u{2212}');
        if rest.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '\u{2212}') {
            let len = rest.find(|c: char| !is_number(c)).unwrap_or(rest.len());
            let number = rest[..len].replace('\u{2212}', "-").parse().map_err(|_| {
                ExpressionError(format!("{}: expected a number, got {:?}", self.text, &rest[..len]))
            })?;
            self.at += len;
            return Ok(Expression::Number(number));
        }
        let len = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(rest.len());
        let name = rest[..len].to_owned();
        let Some(function) = Function::from_name(&name) else {
            return Err(ExpressionError(format!(
                "{}: expected a quantity, got {:?}{}",
                self.text,
                rest,
                Function::hint(&name)
            )));
        };
        self.at += len;
        let arguments = self.arguments()?;
        Ok(Expression::Call { function, arguments })
    }

    /// The texts between parentheses, separated by a comma and a space; an address may hold commas.
    fn arguments(&mut self) -> Result<Vec<String>, ExpressionError> {
        if !self.rest().starts_with('(') {
            return Ok(Vec::new());
        }
        let inner = self.at + 1;
        let mut depth = 0;
        let (mut begin, mut found) = (inner, Vec::new());
        for (offset, c) in self.text[self.at..].char_indices() {
            let at = self.at + offset;
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                ',' if depth == 1 && self.text[at + 1..].starts_with(' ') => {
                    found.push(self.text[begin..at].trim().to_owned());
                    begin = at + 1;
                }
                _ => {}
            }
            if depth == 0 {
                let last = self.text[begin..at].trim();
                if !last.is_empty() {
                    found.push(last.to_owned());
                }
                self.at = at + 1;
                return Ok(found);
            }
        }
        Err(ExpressionError(format!("{}: expected ) before the end, got none; close it", self.text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_may_hold_commas_and_parentheses() {
        let text = "which(fwd/best1/k0, bwd/conv1.dW/k0,0/(0,1)) * 2 + filter_pixels(conv1)";
        let expression = Expression::parse(text).expect("an expression");
        let calls = expression.calls();
        assert_eq!(calls[0].1, ["fwd/best1/k0", "bwd/conv1.dW/k0,0/(0,1)"]);
        assert_eq!(calls[1].1, ["conv1"]);
    }

    #[test]
    fn what_is_no_expression_is_named() {
        for (text, said) in [
            ("valeu", "did you mean value?"),
            ("value(", "close it"),
            ("value value", "expected + − * / or the end"),
            ("", "expected a quantity"),
            ("(value", "expected )"),
        ] {
            let error = Expression::parse(text).expect_err(text);
            assert!(error.0.contains(said), "{text}: {error}");
        }
        assert!(Condition::parse("value").is_err_and(|error| error.0.contains("no comparison")));
    }
}
