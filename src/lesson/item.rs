//! A question as it is asked once: its variables drawn, its right answer, its options, and the verdict on an answer.

use super::{
    answer::{Answer, Sign},
    evaluator::Evaluator,
    expression::{Condition, Expression},
    format::{Ask, Beat, Kind, Tolerance},
    misconceptions::{EITHER_WAY, Rule, rule},
    pattern::{Variables, places, substitute},
    query::{Function, Query, Value},
    scene::Scene,
};
use crate::data::Permutation;
use crate::trace::Address;

/// How often an item is drawn anew before it is given up.
pub const DRAWS: u64 = 50;

/// An option of a choice: an answer with the rules that lead to it; none for the right one.
#[derive(Clone, PartialEq, Debug)]
pub struct Choice {
    /// The answer.
    pub answer: Answer,
    /// As it is printed.
    pub text: String,
    /// Whether it is right.
    pub is_right: bool,
    /// The misconceptions that lead to it.
    pub rules: Vec<&'static Rule>,
}

/// A question as it is asked once.
#[derive(Clone, Debug)]
pub struct Item {
    /// The seed that it was drawn with.
    pub seed: u64,
    /// How often it was drawn.
    pub draws: u64,
    /// Its variables.
    pub variables: Variables,
    /// The place that it is about.
    pub at: Option<Address>,
    /// How it is answered.
    pub kind: Kind,
    /// The right answer; `None` where nothing is scored.
    pub right: Option<Answer>,
    /// The options, the right one among them, in the order in which they are shown.
    pub options: Vec<Choice>,
    /// The places that `which` offers and `order` puts in order.
    pub places: Vec<Address>,
    /// The words that are offered in place of places: networks of an experiment.
    pub words: Vec<String>,
    /// How near a typed number must be.
    tolerance: Option<Tolerance>,
    /// How many digits tell answers apart.
    digits: usize,
}

/// Why there is no item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ItemError {
    /// The file is wrong: what, and what to write instead.
    Wrong(String),
    /// In so many draws no right and wrong answers print differently, or a condition holds in none.
    Alike(u64),
}

impl std::fmt::Display for ItemError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Wrong(text) => f.write_str(text),
            Self::Alike(draws) => write!(
                f,
                "expected options that print differently, got none in {draws} draws; widen vary or sharpen where"
            ),
        }
    }
}

/// What is to be said of an answer.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// It is right.
    Right,
    /// It is what this rule leads to.
    Rule(&'static Rule),
    /// It is wrong, and no rule of the question leads to it.
    Wrong,
}

impl Item {
    /// Draws the question of a beat on a scene; with the same seed always the same item. `digits`: significant digits
    /// by which answers must differ.
    ///
    /// # Errors
    /// What is wrong with the question, or that no draw tells right from wrong.
    pub fn draw(beat: &Beat, scene: &Scene, seed: u64, digits: usize) -> Result<Self, ItemError> {
        let ask =
            beat.ask.as_ref().ok_or_else(|| ItemError::Wrong("expected a question, got none".into()))?;
        let ranges = ranges(ask).map_err(ItemError::Wrong)?;
        let combinations = ranges.iter().map(|(_, low, high)| (high - low + 1) as u64).product::<u64>();
        let order = Permutation::shuffle(combinations, 0x1e55_0a5e, 0);
        let most = if ranges.is_empty() { 1 } else { DRAWS };
        for draws in 0..most {
            // Redrawing walks away from the places of the next seeds, by a prime so that it visits all.
            let at = seed.wrapping_add(draws.wrapping_mul(0x9e37_79b1)) % combinations;
            let variables = pick(&ranges, order.at(at));
            let item = Self::with(beat, ask, scene, variables, digits).map_err(ItemError::Wrong)?;
            if let Some(item) = item {
                return Ok(Self { seed, draws: draws + 1, ..item });
            }
        }
        Err(ItemError::Alike(most))
    }

    /// The item with these variables; `None` where its answers print alike or a condition does not hold.
    fn with(
        beat: &Beat,
        ask: &Ask,
        scene: &Scene,
        variables: Variables,
        digits: usize,
    ) -> Result<Option<Self>, String> {
        let at = place(beat, scene, &variables)?;
        let right = |at| Evaluator::new(scene, at, &variables);
        for condition in ask.conditions.all() {
            if !holds(&right(at), condition, &variables)? {
                return Ok(None);
            }
        }
        let mut item = Self {
            seed: 0,
            draws: 0,
            at,
            kind: ask.kind,
            right: None,
            options: Vec::new(),
            places: Vec::new(),
            words: Vec::new(),
            tolerance: ask.tolerance.clone(),
            digits,
            variables: variables.clone(),
        };
        match ask.kind {
            Kind::Think => return Ok(Some(item)),
            Kind::Change => {
                item.right = Some(Answer::Met(true));
                return Ok(Some(item));
            }
            Kind::Number | Kind::Choice | Kind::Sign | Kind::Cell | Kind::Order | Kind::RunTo => {}
        }
        let expression = question(ask, &variables)?;
        (item.places, item.words) = offered(&right(at), &expression)?;
        let answer = right(at).answer(&expression)?.ok_or("expected an answer, got none")?;
        let plan = scene.plan();
        item.options.push(Choice {
            text: answer.print(plan, digits),
            answer: answer.clone(),
            is_right: true,
            rules: Vec::new(),
        });
        item.right = Some(answer);
        for id in &ask.wrong {
            let rule = rule(id).ok_or_else(|| {
                format!("wrong: expected a misconception, got {id:?}; docs/lessons.md lists them")
            })?;
            let Some(answer) = right(at).believing(rule).answer(&expression)? else { continue };
            item.add_option(rule, answer, scene);
        }
        let is_told_apart = item.options.len() >= 2;
        item.add_other_options();
        item.add_the_other_way();
        item.sort_options();
        let is_free = ask.wrong.is_empty() && (ask.kind != Kind::Choice || item.options.len() >= 2);
        Ok((is_told_apart || is_free).then_some(item))
    }

    /// Adds what a rule leads to, unless that prints like the right answer.
    fn add_option(&mut self, rule: &'static Rule, answer: Answer, scene: &Scene) {
        if let (Answer::Cells(wrong), Some(Answer::Cells(right))) = (&answer, &self.right)
            && (wrong.is_empty() || wrong.iter().any(|cell| right.contains(cell)))
        {
            return;
        }
        let text = answer.print(scene.plan(), self.digits);
        match self.options.iter_mut().find(|option| option.text == text) {
            Some(option) if option.is_right => {}
            Some(option) => option.rules.push(rule),
            None => self.options.push(Choice { answer, text, is_right: false, rules: vec![rule] }),
        }
    }

    /// Of places and signs all are offered, also those that no rule leads to.
    fn add_other_options(&mut self) {
        let all: Vec<Answer> = match &self.right {
            Some(Answer::Place(_)) => {
                (0..self.places.len().max(self.words.len())).map(Answer::Place).collect()
            }
            Some(Answer::Sign(_)) => [Sign::Less, Sign::Equal, Sign::More].map(Answer::Sign).to_vec(),
            Some(Answer::Number(_) | Answer::Cells(_) | Answer::Order(_) | Answer::Met(_)) | None => return,
        };
        for answer in all {
            if !self.options.iter().any(|option| option.answer == answer) {
                let text = format!("{answer:?}");
                self.options.push(Choice { answer, text, is_right: false, rules: Vec::new() });
            }
        }
    }

    /// Who believes that two equal things come to differ may take either for the larger one.
    fn add_the_other_way(&mut self) {
        let believed = |option: &Choice| match option.answer {
            Answer::Sign(Sign::More) => option.rules.iter().find(|rule| rule.id == EITHER_WAY).copied(),
            _ => None,
        };
        let Some(rule) = self.options.iter().find_map(believed) else { return };
        let less = self.options.iter_mut().find(|option| option.answer == Answer::Sign(Sign::Less));
        if let Some(less) = less.filter(|less| !less.is_right) {
            less.rules.push(rule);
        }
    }

    /// Numbers by value, places and signs by number: where an option stands does not tell whether it is right.
    fn sort_options(&mut self) {
        let key = |option: &Choice| match &option.answer {
            Answer::Number(number) => number.value,
            Answer::Sign(sign) => f64::from(*sign as u8),
            Answer::Place(place) => *place as f64,
            Answer::Cells(cells) => cells.first().map_or(0.0, |cell| f64::from(cell.cell())),
            Answer::Order(_) | Answer::Met(_) => 0.0,
        };
        self.options.sort_by(|a, b| key(a).total_cmp(&key(b)));
    }

    /// What is to be said of an answer.
    pub fn judge(&self, given: &Answer) -> Verdict {
        let is_like = |option: &&Choice| self.is_like(&option.answer, given);
        // The right answer wins where a wrong one is within tolerance too.
        let right = self.options.iter().find(|option| option.is_right);
        if right.as_ref().is_some_and(is_like) || self.right.as_ref() == Some(given) {
            return Verdict::Right;
        }
        let wrong = self.options.iter().filter(|option| !option.is_right).find(is_like);
        match wrong.and_then(|option| option.rules.first()) {
            Some(rule) => Verdict::Rule(rule),
            None => Verdict::Wrong,
        }
    }

    fn is_like(&self, answer: &Answer, given: &Answer) -> bool {
        match (answer, given) {
            (Answer::Number(answer), Answer::Number(given)) => match self.kind {
                Kind::Number => is_near(answer.value, given.value, self.tolerance.as_ref(), answer.whole),
                Kind::Choice
                | Kind::Sign
                | Kind::Cell
                | Kind::Order
                | Kind::Change
                | Kind::RunTo
                | Kind::Think => answer.value == given.value,
            },
            (Answer::Cells(cells), Answer::Cells(given)) => given.iter().all(|cell| cells.contains(cell)),
            (answer, given) => answer == given,
        }
    }

    /// The place that refutes a rule on this item: where to look after the answer.
    pub fn refutation(&self, rule: &Rule, ask: &Ask, scene: &Scene) -> Option<Address> {
        let expression = question(ask, &self.variables).ok()?;
        let evaluator = Evaluator::new(scene, self.at, &self.variables).believing(rule);
        evaluator.answer(&expression).ok()?;
        let refuting = evaluator.deformed_query().and_then(|query| (rule.refute)(scene, &query));
        refuting.filter(|place| scene.plan().has(place)).or(self.at)
    }
}

/// Whether a typed number is near enough.
fn is_near(answer: f64, given: f64, tolerance: Option<&Tolerance>, whole: bool) -> bool {
    let within = match tolerance {
        Some(Tolerance::Within(text)) => text.trim_start_matches('±').trim().parse().unwrap_or(0.0),
        Some(Tolerance::Digits(digits)) => half_a_digit(answer, *digits),
        None if whole => 0.0,
        None => half_a_digit(answer, 3),
    };
    // The bound itself counts, whatever rounding did to it.
    (answer - given).abs() <= within * (1.0 + 1e-9) + 1e-12
}

/// Half a unit of the last of so many significant digits.
fn half_a_digit(value: f64, digits: u32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0005;
    }
    0.5 * 10f64.powi(value.abs().log10().floor() as i32 - digits as i32 + 1)
}

/// The expression of a question: what it asks for, or by its kind the value, the largest cell or the order.
///
/// # Errors
/// Where it cannot be read, or names a variable that is not there.
pub fn question(ask: &Ask, variables: &Variables) -> Result<Expression, String> {
    if ask.kind == Kind::Order {
        return Ok(Expression::Call { function: Function::Ordered, arguments: ask.items.clone() });
    }
    let text = match (&ask.right, &ask.within, ask.kind) {
        (Some(right), ..) => substitute(right, variables)?,
        (None, Some(map), Kind::Cell) => format!("largest({})", substitute(map, variables)?),
        (None, ..) => "value".to_owned(),
    };
    Expression::parse(&text).map_err(|error| error.0)
}

/// The places, or words, that `which`, `order` and the like offer.
fn offered(evaluator: &Evaluator, expression: &Expression) -> Result<(Vec<Address>, Vec<String>), String> {
    let (mut found, mut words) = (Vec::new(), Vec::new());
    for (function, arguments) in expression.calls() {
        if !function.offers_places() {
            continue;
        }
        let Query { arguments, .. } = evaluator.query(function, arguments)?;
        for value in arguments {
            match value {
                Value::Place(place) => found.push(place),
                Value::Word(word) => words.push(word),
                Value::Layer(_) | Value::Input | Value::Number(_) => {}
            }
        }
    }
    Ok((found, words))
}

/// The place of a beat, with its variables.
pub(super) fn place(beat: &Beat, scene: &Scene, variables: &Variables) -> Result<Option<Address>, String> {
    let Some(at) = &beat.at else { return Ok(None) };
    let found = places(scene.plan(), &substitute(at, variables)?).map_err(|error| format!("at: {error}"))?;
    Ok(found.first().copied())
}

/// The variables of a question with their ranges, both ends included.
fn ranges(ask: &Ask) -> Result<Vec<(String, i64, i64)>, String> {
    let range = |(name, range): (&String, &String)| {
        let ends = range.split_once("..").and_then(|(low, high)| {
            Some((low.trim().parse::<i64>().ok()?, high.trim().parse::<i64>().ok()?))
        });
        match ends {
            Some((low, high)) if low <= high && high - low < 1_000_000 => Ok((name.clone(), low, high)),
            Some(_) | None => Err(format!("vary.{name}: expected a range like \"0..7\", got {range:?}")),
        }
    };
    ask.vary.iter().map(range).collect()
}

fn pick(ranges: &[(String, i64, i64)], mut number: u64) -> Variables {
    let mut variables = Variables::new();
    for (name, low, high) in ranges {
        let width = (high - low + 1) as u64;
        variables.insert(name.clone(), low + (number % width) as i64);
        number /= width;
    }
    variables
}

/// Whether a condition holds.
fn holds(evaluator: &Evaluator, condition: &str, variables: &Variables) -> Result<bool, String> {
    let condition = Condition::parse(&substitute(condition, variables)?).map_err(|error| error.0)?;
    let (left, right) = (evaluator.number(&condition.left)?, evaluator.number(&condition.right)?);
    Ok(condition.holds(left.value, right.value))
}

/// Whether all goals of a question hold on a scene.
///
/// # Errors
/// What is wrong with a goal.
pub fn met(beat: &Beat, scene: &Scene, variables: &Variables) -> Result<bool, String> {
    let Some(ask) = &beat.ask else { return Ok(false) };
    let evaluator = Evaluator::new(scene, place(beat, scene, variables)?, variables);
    for goal in ask.goal.all() {
        if !holds(&evaluator, goal, variables)? {
            return Ok(false);
        }
    }
    Ok(!ask.goal.all().is_empty())
}

/// The place of a beat without a question; `None` where it has none or the plan does not have it.
pub fn place_of(beat: &Beat, scene: &Scene) -> Option<Address> {
    place(beat, scene, &Variables::new()).ok().flatten()
}
