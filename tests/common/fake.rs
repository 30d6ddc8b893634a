//! A host in memory: files, dialogs, clock and work are in the hands of the test.

use convstep::{
    data::{DataFiles, Disk, Location},
    execution::Alone,
    ui::host::{Clock, Content, Contents, Host, LeftSession, Pick, Picked, Reply, Waker, Work, Written},
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The host. What is asked of it is answered at once, unless a field says otherwise.
#[derive(Default)]
pub struct Fake {
    /// The files that exist.
    pub files: BTreeMap<Location, Vec<u8>>,
    /// Why no file can be written, if so.
    pub write_error: Option<String>,
    /// Dialogs that the user has not answered; see [`Fake::answer`].
    pub dialogs: VecDeque<(Pick, Reply<Picked>)>,
    /// Work is not done at once, but by [`Fake::work`].
    pub holds_work: bool,
    /// Work that is not done.
    pub held: VecDeque<Box<dyn Work>>,
    /// What is kept by name.
    pub stored: BTreeMap<&'static str, Vec<u8>>,
    /// Sessions that crashes left: their bytes and ages, latest first.
    pub left: VecDeque<(Vec<u8>, f64)>,
    /// The session that was restored.
    pub restored: Option<Vec<u8>>,
    /// This program's session, and how often it was kept.
    pub kept: (Option<Vec<u8>>, u32),
    /// Why sessions cannot be kept, if so.
    pub keep_error: Option<String>,
    /// Seconds that keeping one takes.
    pub keep_takes: f64,
    /// What was copied.
    pub clipboard: Vec<String>,
    pub pictures: Vec<image::RgbaImage>,
    /// The program asked to be closed.
    pub has_quit: bool,
    /// The bits of the clock's seconds; see [`Fake::pass`].
    pub time: Arc<AtomicU64>,
}

impl Fake {
    /// Answers the dialog that was opened first.
    pub fn answer(&mut self, picked: Picked) {
        let (_, reply) = self.dialogs.pop_front().expect("a dialog is open");
        reply(picked);
    }

    /// Advances the clock.
    pub fn pass(&self, seconds: f64) {
        let time = f64::from_bits(self.time.load(Ordering::Relaxed)) + seconds;
        self.time.store(time.to_bits(), Ordering::Relaxed);
    }

    /// Does so many steps of the work that was held back, one after the other. Returns whether any is left.
    pub fn work(&mut self, steps: usize) -> bool {
        for _ in 0..steps {
            let Some(mut work) = self.held.pop_front() else { break };
            if work.step(&Alone) {
                self.held.push_front(work);
            }
        }
        !self.held.is_empty()
    }

    fn latest(&self) -> Option<LeftSession> {
        self.left.front().map(|(_, age)| LeftSession { age: *age })
    }
}

impl Host for Fake {
    fn clock(&self) -> Clock {
        let time = Arc::clone(&self.time);
        Arc::new(move || f64::from_bits(time.load(Ordering::Relaxed)))
    }

    fn waker(&self) -> Waker {
        Arc::new(|| {})
    }

    fn start(&mut self, mut work: Box<dyn Work>) {
        if self.holds_work {
            self.held.push_back(work);
        } else {
            while work.step(&Alone) {}
        }
    }

    fn data_files(&self) -> Arc<dyn DataFiles + Send + Sync> {
        Arc::new(Disk)
    }

    fn pick(&mut self, what: Pick, reply: Reply<Picked>) {
        self.dialogs.push_back((what, reply));
    }

    fn read(&mut self, location: Location, reply: Reply<Result<(Location, Contents), String>>) {
        reply(match self.files.get(&location) {
            Some(bytes) => Ok((location, Contents::File(Arc::new(bytes.clone())))),
            None => Err(format!("{location}: expected a file, got none")),
        });
    }

    fn write(
        &mut self,
        location: Location,
        content: Content,
        replace: bool,
        reply: Reply<Result<Written, String>>,
    ) {
        if !replace && self.files.contains_key(&location) {
            return reply(Ok(Written::Taken));
        }
        let bytes = match &self.write_error {
            Some(error) => Err(error.clone()),
            None => content(),
        };
        reply(bytes.map(|bytes| {
            self.files.insert(location, bytes);
            Written::Whole
        }));
    }

    fn exist(&mut self, locations: Vec<Location>, reply: Reply<Vec<bool>>) {
        reply(locations.iter().map(|location| self.files.contains_key(location)).collect());
    }

    fn folder(&self) -> Location {
        "/home/me".into()
    }

    fn store(&mut self, name: &'static str, bytes: Vec<u8>) {
        self.stored.insert(name, bytes);
    }

    fn load(&mut self, name: &'static str, reply: Reply<Option<Vec<u8>>>) {
        reply(self.stored.get(name).cloned());
    }

    fn begin_session(&mut self, reply: Reply<Result<Option<LeftSession>, String>>) {
        reply(Ok(self.latest()));
    }

    fn restore_session(&mut self, reply: Reply<Result<Vec<u8>, String>>) {
        let (bytes, _) = self.left.pop_front().expect("a session was left");
        self.restored = Some(bytes.clone());
        reply(Ok(bytes));
    }

    fn discard_session(&mut self, reply: Reply<Option<LeftSession>>) {
        self.left.pop_front();
        reply(self.latest());
    }

    fn remove_restored_session(&mut self) {
        self.restored = None;
    }

    fn keeps_sessions(&self) -> bool {
        true
    }

    fn keep_session(&mut self, content: Content, reply: Reply<Result<(), String>>) {
        let bytes = match &self.keep_error {
            Some(error) => Err(error.clone()),
            None => content(),
        };
        self.pass(self.keep_takes);
        reply(bytes.map(|bytes| self.kept = (Some(bytes), self.kept.1 + 1)));
    }

    fn end_session(&mut self, unsaved: Option<Content>, replaces_restored: bool) {
        self.kept.0 = unsaved.map(|content| content().expect("a session"));
        if replaces_restored {
            self.restored = None;
        }
    }

    fn copy(&mut self, text: String) {
        self.clipboard.push(text);
    }

    fn copy_picture(&mut self, picture: image::RgbaImage) {
        self.pictures.push(picture);
    }

    fn quit(&mut self) {
        self.has_quit = true;
    }
}
