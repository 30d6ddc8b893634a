//! Playing on by itself: time in, moves out.

/// The player.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Playback {
    /// Whether it plays.
    pub playing: bool,
    /// Moves per second.
    pub moves_per_sec: f32,
    /// The part of a move that has gathered.
    carry: f32,
}

impl Default for Playback {
    fn default() -> Self {
        Self { playing: false, moves_per_sec: 2.0, carry: 0.0 }
    }
}

/// The slowest and fastest speed.
pub const MOVES_PER_SEC: std::ops::RangeInclusive<f32> = 0.25..=1000.0;

impl Playback {
    /// Starts or stops.
    pub fn toggle(&mut self) {
        self.playing = !self.playing;
        self.carry = 0.0;
    }

    /// Sets the speed, within `MOVES_PER_SEC`.
    pub fn set_speed(&mut self, moves_per_sec: f32) {
        if moves_per_sec.is_finite() {
            self.moves_per_sec = moves_per_sec.clamp(*MOVES_PER_SEC.start(), *MOVES_PER_SEC.end());
        }
    }

    /// How many moves are due after `dt` seconds. A long pause between frames gives at most a
    /// quarter of a second's worth.
    pub fn tick(&mut self, dt: f32) -> u32 {
        if !self.playing {
            return 0;
        }
        self.carry += dt.clamp(0.0, 0.25) * self.moves_per_sec;
        let due = self.carry.floor();
        self.carry -= due;
        due as u32
    }

    /// Seconds until the next move is due.
    pub fn next_due(&self) -> f32 {
        (1.0 - self.carry).max(0.0) / self.moves_per_sec
    }
}
