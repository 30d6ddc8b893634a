//! How each action changes the state, one file per feature.

mod adjust;
mod attribution;
pub(in crate::app) mod breakpoint_search;
mod builder;
mod compare;
mod data;
mod draft;
mod edit;
mod files;
mod film;
mod inputs;
pub(in crate::app) mod jobs;
mod lesson;
mod link;
mod loss_after;
mod marks;
mod models;
mod moment;
pub(in crate::app) mod navigation;
pub(in crate::app) mod notice;
mod picture;
mod picture_before;
mod playback;
pub(in crate::app) mod question;
mod results;
mod right_answer;
mod session;
mod span;
mod top_activations;
pub(in crate::app) mod training;
mod training_runs;
mod undo;
mod view;

use self::{inputs::edit_inputs, notice::fail};
use crate::app::{
    action::{Action, AdjustAction},
    effect::Effect,
    state::{AppState, EXPONENTS, Link, Message, Page, Target, table_of},
};

/// Changes the state by one action; the apply floor keeps the rest of the state in step.
pub(in crate::app) fn update(state: &mut AppState, action: Action) -> Vec<Effect> {
    match action {
        Action::Go(go) => navigation::step(state, go),
        Action::GoToEdge { grain, back } => {
            navigation::go_to_edge(state, grain, back);
        }
        Action::GoTo(text) if Link::is_meant(&text) => return link::open(state, &text),
        Action::GoTo(text) => navigation::go_to_text(state, &text),
        Action::Visit(place) => {
            if let Some(address) = place.resolve(state.plan()) {
                navigation::go_to(state, address);
            }
        }
        Action::Look(place) if lesson::is_answer(state, &place) => {
            return lesson::answer_by_place(state, &place);
        }
        Action::Look(place) => {
            if let Some(address) = place.resolve(state.plan()) {
                navigation::look(state, address);
            }
        }
        Action::LookAtCursor => state.position.select(None),
        Action::RunToHere => navigation::run_to_look(state),
        Action::LastWriter => navigation::go_to_writer(state),
        Action::NextReader => navigation::go_to_reader(state),
        Action::Trail(back) => state.position.follow_trail(back),
        Action::Continue { back } => breakpoint_search::start(state, back),
        Action::Mark(action) => marks::update(state, action),
        Action::DismissStop => state.position.set_stopped(None),
        Action::TogglePlay => playback::toggle(state),
        Action::SetSpeed(speed) => state.playback.set_speed(speed),
        Action::Tick(seconds) => playback::tick(state, seconds),
        Action::AskForPicture => return vec![Effect::AskForPicture],
        Action::AskForModel => return vec![Effect::AskForModel],
        Action::Progress { job, part } => state.jobs.set_progress(job, part),
        Action::Worked { job, done } => return results::update(state, job, done),
        Action::Cancel(kind) => jobs::cancel(state, kind),
        Action::UsePicture(picture) => return models::use_picture(state, picture),
        Action::OpenSample(name) => return models::open_sample(state, &name),
        Action::OpenBundled(name) => return models::open_bundled(state, &name),
        Action::Build(action) => return builder::update(state, action),
        Action::Attribution(action) => return attribution::update(state, action),
        Action::SetFit(fit) => {
            return adjust::update(state, AdjustAction::Fit(fit), false);
        }
        Action::SetBackground(ground) => {
            return edit_inputs(state, |inputs| (inputs.ground, inputs.painted) = (ground, None));
        }
        Action::ShowPad(pad) => edit::show_pad(state, pad),
        Action::ShowAdjust(adjust) => adjust::show(state, adjust),
        Action::TypePath(typing) => state.view.typing_path = typing,
        Action::SetTab(tab) => state.view.tab = tab,
        Action::SetExponent(exponent) => state.view.exponent = exponent.clamp(1, EXPONENTS),
        Action::SetPage(page) => state.view.page = page,
        Action::SetDrawer(drawer) => view::set_drawer(state, drawer),
        Action::ShowTimeline(shown) => state.view.timeline = shown,
        Action::SetShow(show) => state.view.show = show,
        Action::SetFigure(figure) => view::set_figure(state, figure),
        Action::ShowTurned(turned) => state.view.turned = turned,
        Action::SetLane(lane) => view::set_lane(state, lane),
        Action::SetComparison(with, compared) => view::set_comparison(state, with, compared),
        Action::SetOrder(order) => state.view.order = order,
        Action::SetAgainst(against) => state.view.against = against,
        Action::Present(presenting) => view::present(state, presenting),
        Action::ShowNotes(notes) => state.view.notes = notes && state.lesson.is_some(),
        Action::ToggleSpotlight => state.view.spotlight = state.view.presenting && !state.view.spotlight,
        Action::SetTheme(theme) => state.view.theme = theme,
        Action::SetLang(lang) => state.view.lang = lang,
        Action::SetScale(scale) => state.view.scale = scale,
        Action::SetDigits(digits) => state.view.digits = digits,
        Action::RestoreView(view) => state.view = view,
        Action::ZoomLanes(by) => view::zoom_lanes(state, by),
        Action::ShowScatter(scatter) => state.view.scatter = scatter,
        Action::ShowBothPools(both) => state.view.both_pools = both,
        Action::ToggleLog => state.view.log = !state.view.log,
        Action::ShowPalette(palette) => state.view.palette = palette,
        Action::SetStill(still) => state.view.still = still,
        Action::ToggleHelp => state.view.help = !state.view.help,
        Action::ShowSheet(sheet) => state.view.sheet = sheet,
        Action::ToggleBlank => state.view.blank = !state.view.blank,
        Action::TypeAddress(typing) => {
            state.view.typing_address = typing;
            if typing {
                // The field is in the network's place row.
                state.view.page = Page::Network;
            }
        }
        Action::Escape => view::escape(state),
        Action::Ask => return question::start_answer(state),
        Action::Edit { edit, more } => return edit::update(state, edit, more),
        Action::Adjust { adjust, more } => return adjust::update(state, adjust, more),
        Action::DismissQuestion => state.right_answer.dismiss(),
        Action::DismissAdvice => {
            if let Some(advice) = state.advice() {
                state.dismissed_advice.push(advice);
            }
        }
        Action::SetLabel(label) => {
            if label < state.model().network.classes() {
                return edit_inputs(state, |inputs| inputs.target = Some(Target::Given(label)));
            }
        }
        Action::SetOptimizer(optimizer) => return training::change_optimizer(state, optimizer, None),
        Action::SetMode(mode) => return edit_inputs(state, |inputs| inputs.mode = mode),
        Action::Train(action) => return training::update(state, action),
        Action::Data(action) => return data::update(state, action),
        Action::File(action) => return files::update(state, action),
        Action::Undo => return undo::undo(state, false),
        Action::Redo => return undo::undo(state, true),
        Action::Compare(action) => compare::update(state, action),
        Action::Spans(action) => span::update(state, action),
        Action::Fail(message) => fail(state, message),
        Action::DismissNotice => {
            state.notices.pop();
        }
        Action::CopyAddress => return vec![Effect::Copy(state.position.text().text().to_owned())],
        Action::CopyTable if !state.covers().is_empty() => {
            let text = "expected numbers that are shown, got some that a question covers; answer it first";
            fail(state, Message::sentence(text.into(), "notice.covered", &[]));
        }
        Action::CopyTable => match table_of(state.trace(), &state.look()) {
            Ok(table) => return vec![Effect::Copy(table)],
            Err(error) => fail(state, error.0),
        },
        Action::CopyMoment => return moment::copy(state),
        Action::Quit => return vec![Effect::Quit],
        Action::Lesson(action) => return lesson::update(state, action),
        Action::Picture(action) => return picture::update(state, action),
        Action::Advance => {}
    }
    Vec::new()
}

/// Brings what depends on the state up to date after an action; `time_for_more`: within a new frame.
pub(in crate::app) fn follow_up(state: &mut AppState, time_for_more: bool) -> Vec<Effect> {
    let mut effects = attribution::advance(state, time_for_more);
    effects.extend(data::measure_shown(state));
    effects.extend(loss_after::compute_shown(state));
    picture_before::refresh(state);
    right_answer::ask_when_needed(state);
    effects.extend(lesson::check_goal(state));
    state.breakpoint_hits.follow(state.position.run(), state.position.marks());
    effects
}
