//! A worksheet of a place, and a set of worksheets of a lesson, as pages.

use super::{
    cell::{Problem, Subject, Worked},
    filters,
    page::{BODY, Block, Paper, Press},
    question::{Asked, is_on_paper},
    text::Run,
    whole,
    words::{Language, Words},
};
use crate::export::{
    ExportError,
    pdf::{self, Page},
};
use crate::lesson::{BeatShow, Item, Lesson, Scene};
use crate::trace::{Address, Grain, Trace};

/// How worksheets are written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Options {
    /// The paper.
    pub paper: Paper,
    /// The language.
    pub language: Language,
    /// Significant digits of printed numbers.
    pub digits: usize,
    /// Whether the key follows on pages of its own.
    pub has_key: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { paper: Paper::A4, language: Language::En, digits: 3, has_key: true }
    }
}

/// Which worksheets of a lesson.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Set<'a> {
    /// The id of the beat whose question is asked, or all that change with the seed.
    pub question: Option<&'a str>,
    /// How many.
    pub count: u32,
    /// The seed of the first; the next has the next one.
    pub seed: u64,
}

/// Worksheets, page by page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sheets {
    /// The title of the file.
    pub title: String,
    /// Each page as the text of an SVG file.
    pub pages: Vec<String>,
}

impl Sheets {
    /// All pages as one PDF.
    ///
    /// # Errors
    /// One line, where a page cannot be drawn.
    pub fn pdf(&self) -> Result<Vec<u8>, ExportError> {
        let pages: Vec<Page> = self.pages.iter().map(|svg| Page { svg, size: None }).collect();
        pdf::pdf(&pages, &self.title)
    }
}

/// The most sheets of a set.
const MOST: u32 = 200;

/// The line for a name, and the title.
fn head(words: Words, title: &str, small: &str) -> Vec<Block> {
    let (name, date) = (words.text("sheet.name"), words.text("sheet.date"));
    let line = format!("{name}: ______________________________      {date}: ________________");
    vec![
        Block::Heading(title.to_owned(), small.to_owned()),
        Block::Text(vec![Run::plain(line)], BODY),
        Block::Space(10.0),
    ]
}

/// A worksheet of a cell, of all cells of a small map, or, for the backward pass of a network that is small enough, of
/// all partial derivatives. `about` says whose numbers they are: model, picture.
///
/// # Errors
/// One line, where the place has no number that can be worked out on paper.
pub fn of_address(
    trace: &Trace,
    address: &Address,
    about: &str,
    options: &Options,
) -> Result<Sheets, ExportError> {
    let words = Words(options.language);
    let subject = Subject { trace, words, digits: options.digits };
    let plan = trace.plan();
    let problem = match address.grain() {
        _ if whole::is_of_all(plan, address) => whole::by_hand(subject, None)?,
        Grain::Cell | Grain::Term if plan.stage_at(address).is_some() => {
            Worked::new(subject, address).problem()
        }
        Grain::Run
        | Grain::Epoch
        | Grain::Batch
        | Grain::Example
        | Grain::Pass
        | Grain::Layer
        | Grain::Channel
        | Grain::Cell
        | Grain::Term => whole::problem(subject, address)?,
    };
    let title = words.text("sheet.title");
    let foot = format!("convstep · {about} · {}", plan.text(address));
    let mut press = Press::new(options.paper, &title);
    press.turn(&foot);
    press.add(&head(words, &title, ""));
    press.add(&problem.sheet);
    if options.has_key {
        press.turn(&foot);
        press.add(&[Block::Heading(words.text("sheet.key"), String::new())]);
        press.add(&problem.key);
    }
    Ok(Sheets { title, pages: press.finish() })
}

/// A beat that is asked about on paper, with its network.
struct Part<'a> {
    beat: usize,
    scene: &'a Scene,
    what: What,
}

/// What a beat is on paper.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// All partial derivatives.
    ByHand,
    /// Two filters on a window.
    Filters,
    /// Its own question.
    Question,
}

/// What a beat can be on paper, without its network.
fn kind(lesson: &Lesson, beat: usize) -> Option<What> {
    let beat = &lesson.beats[beat];
    match (beat.show, &beat.ask) {
        (Some(BeatShow::Derivatives), _) => Some(What::ByHand),
        (Some(BeatShow::Filters), _) => Some(What::Filters),
        (_, Some(ask)) if is_on_paper(ask.kind) => Some(What::Question),
        (_, Some(_) | None) => None,
    }
}

/// The beats of a set: the one that is named; or those that give each student another item; or else all.
fn beats(lesson: &Lesson, question: Option<&str>) -> Result<Vec<usize>, ExportError> {
    let can = |beat: &usize| kind(lesson, *beat).is_some();
    let all: Vec<usize> = (0..lesson.beats.len()).filter(can).collect();
    let Some(id) = question else {
        let changes = |beat: &usize| match kind(lesson, *beat) {
            Some(What::ByHand | What::Filters) => true,
            Some(What::Question) => lesson.beats[*beat].ask.as_ref().is_some_and(|ask| !ask.vary.is_empty()),
            None => false,
        };
        // One beat is enough for all partial derivatives: the last one.
        let last = all.iter().rfind(|beat| kind(lesson, **beat) == Some(What::ByHand)).copied();
        let is_twice = |beat: &usize| kind(lesson, *beat) == Some(What::ByHand) && Some(*beat) != last;
        let changing: Vec<usize> =
            all.iter().copied().filter(|beat| changes(beat) && !is_twice(beat)).collect();
        return match (changing.is_empty(), all.is_empty()) {
            (false, _) => Ok(changing),
            (true, false) => Ok(all),
            (true, true) => Err(ExportError(format!(
                "{}: expected a question that can be answered on paper, got none",
                lesson.id
            ))),
        };
    };
    let known: Vec<&str> = all.iter().map(|beat| lesson.beats[*beat].id.as_str()).collect();
    match all.iter().find(|beat| lesson.beats[**beat].id == id) {
        Some(beat) => Ok(vec![*beat]),
        None => Err(ExportError(format!(
            "{}: expected a question that can be answered on paper ({}), got {id:?}",
            lesson.id,
            known.join(", ")
        ))),
    }
}

/// Worksheets of a lesson's questions, `set.count` of them, each with items of its own; then all keys. `scene` makes
/// the network of a beat.
///
/// # Errors
/// One line: no such question, no scene, or no item that can be drawn.
pub fn of_lesson(
    lesson: &Lesson,
    set: &Set,
    options: &Options,
    scene: &dyn Fn(usize) -> Result<Scene, String>,
) -> Result<Sheets, ExportError> {
    if !(1..=MOST).contains(&set.count) {
        return Err(ExportError(format!(
            "expected 1 to {MOST} sheets, got {}; make several files",
            set.count
        )));
    }
    let words = Words(options.language);
    let beats = beats(lesson, set.question)?;
    let scenes = beats
        .iter()
        .map(|&beat| scene(beat).map_err(|error| ExportError(format!("{}: {error}", lesson.beats[beat].id))));
    let scenes: Vec<Scene> = scenes.collect::<Result<_, _>>()?;
    let parts: Vec<Part> =
        beats.iter().zip(&scenes).filter_map(|(&beat, scene)| part(lesson, beat, scene)).collect();
    let title = words.either(&lesson.title.en, &lesson.title.zh).to_owned();
    let mut press = Press::new(options.paper, &title);
    let mut keys = Vec::new();
    for (index, seed) in (set.seed..).take(set.count as usize).enumerate() {
        let number =
            words.fill("sheet.number", &[("k", &(index + 1).to_string()), ("n", &set.count.to_string())]);
        let seeded = words.fill("sheet.seed", &[("seed", &seed.to_string())]);
        press.turn(&format!("convstep · {} · {seeded} · {number}", lesson.id));
        press.add(&head(words, &title, &format!("{number} · {seeded}")));
        let mut key = vec![Block::Heading(number, seeded)];
        let is_alone = parts.len() == 1;
        for (number, part) in parts.iter().enumerate() {
            let problem = problem_of(lesson, part, seed, number + 1, (words, options))?;
            let [sheet, answers] = [problem.sheet, problem.key].map(|blocks| match part.what {
                What::ByHand | What::Filters if !is_alone => with_number(blocks, number + 1),
                What::ByHand | What::Filters | What::Question => blocks,
            });
            press.add(&[Block::Together(sheet), Block::Space(8.0)]);
            if number == 0 {
                key = vec![Block::Together([key, answers].concat())];
            } else {
                key.push(Block::Together(answers));
            }
        }
        keys.push(key);
    }
    if options.has_key {
        press.turn(&format!("convstep · {} · {}", lesson.id, words.text("sheet.keys")));
        press.add(&[Block::Text(vec![Run::strong(words.text("sheet.keys"))], 16.0)]);
        for key in keys {
            press.add(&key);
            press.add(&[Block::Space(14.0)]);
        }
    }
    Ok(Sheets { title, pages: press.finish() })
}

/// A problem with a number before its heading.
fn with_number(mut blocks: Vec<Block>, number: usize) -> Vec<Block> {
    match blocks.first_mut() {
        Some(Block::Heading(words, _)) => *words = format!("{number}   {words}"),
        Some(Block::Together(inner)) => *inner = with_number(std::mem::take(inner), number),
        Some(_) | None => {}
    }
    blocks
}

/// A beat as it is on paper with its network; a beat whose network is too large for that is its own question, if it
/// has one.
fn part<'a>(lesson: &Lesson, beat: usize, scene: &'a Scene) -> Option<Part<'a>> {
    let plan = scene.plan();
    let asks = lesson.beats[beat].ask.as_ref().is_some_and(|ask| is_on_paper(ask.kind));
    let what = match kind(lesson, beat)? {
        What::ByHand if whole::is_by_hand(plan) => What::ByHand,
        What::Filters if filters::is_of_patterns(plan) => What::Filters,
        What::ByHand | What::Filters | What::Question if asks => What::Question,
        What::ByHand | What::Filters | What::Question => return None,
    };
    Some(Part { beat, scene, what })
}

fn problem_of(
    lesson: &Lesson,
    part: &Part,
    seed: u64,
    number: usize,
    (words, options): (Words, &Options),
) -> Result<Problem, ExportError> {
    let beat = &lesson.beats[part.beat];
    let subject = Subject { trace: &part.scene.trace, words, digits: options.digits };
    match part.what {
        What::ByHand => {
            let trace = whole::drawn(&part.scene.trace, seed);
            whole::by_hand(Subject { trace: &trace, ..subject }, Some(seed))
        }
        What::Filters => {
            let classes = &part.scene.model.architecture.classes;
            let name = |o: usize| classes.get(o).map_or_else(|| o.to_string(), |class| words.class(class));
            filters::problem(subject, seed, &[name(0), name(1)])
        }
        What::Question => {
            let item = Item::draw(beat, part.scene, seed, 4)
                .map_err(|error| ExportError(format!("{}: {error}", beat.id)))?;
            let asked =
                Asked { subject: Subject { digits: 4, ..subject }, beat, scene: part.scene, item: &item };
            Ok(asked.problem(number).unwrap_or_default())
        }
    }
}
