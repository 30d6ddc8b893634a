//! Which part of the timeline is shown.

/// A part of a line, as shares of the whole.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Span {
    /// Where it starts, from 0.
    pub from: f64,
    /// Where it ends, to 1.
    pub to: f64,
}

impl Span {
    /// The whole line.
    pub const WHOLE: Self = Self { from: 0.0, to: 1.0 };

    /// The narrowest part: some cells' terms of the longest step that a plan can have.
    const LEAST: f64 = 1e-12;

    /// A part of such a width from such a start, moved so that it lies on the line.
    fn new(from: f64, width: f64) -> Self {
        if !(from.is_finite() && width.is_finite()) {
            return Self::WHOLE;
        }
        let width = width.clamp(Self::LEAST, 1.0);
        let from = from.clamp(0.0, 1.0 - width);
        Self { from, to: (from + width).min(1.0) }
    }

    /// Its width.
    pub fn width(self) -> f64 {
        self.to - self.from
    }

    /// Whether it is all there is.
    pub fn is_whole(self) -> bool {
        self == Self::WHOLE
    }

    /// Where a place of the line is seen: 0 at the left of what is shown, 1 at the right.
    pub fn seen(self, share: f64) -> f64 {
        (share - self.from) / self.width()
    }

    /// The place of the line that is seen there; the inverse of [`Self::seen`].
    pub fn share(self, seen: f64) -> f64 {
        self.from + seen * self.width()
    }

    /// So many times as near, while what is seen at a place stays there.
    #[must_use]
    pub fn zoomed(self, seen: f64, factor: f64) -> Self {
        let width = (self.width() / factor.max(f64::MIN_POSITIVE)).clamp(Self::LEAST, 1.0);
        Self::new(self.share(seen) - seen * width, width)
    }

    /// Moved by a multiple of its width.
    #[must_use]
    pub fn moved(self, by: f64) -> Self {
        Self::new(self.from + by * self.width(), self.width())
    }

    /// With a place of the line in its middle, where it is not seen already.
    #[must_use]
    pub fn showing(self, share: f64) -> Self {
        if (self.from..=self.to).contains(&share) {
            self
        } else {
            Self::new(share - 0.5 * self.width(), self.width())
        }
    }
}

/// What is shown of the two lines of the timeline.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spans {
    /// The visible part of all training steps.
    pub run: Span,
    /// The visible part of the shown training step.
    pub step: Span,
    /// The cursor is to be brought into view.
    pub seek: bool,
}

impl Default for Spans {
    fn default() -> Self {
        Self { run: Span::WHOLE, step: Span::WHOLE, seek: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_seen_stays_where_it_is(seen in 0.0f64..1.0, factors in proptest::collection::vec(1.0f64..50.0, 1..6)) {
            let mut span = Span::WHOLE;
            for factor in factors {
                let before = span.share(seen);
                span = span.zoomed(seen, factor);
                prop_assert!(span.from >= 0.0 && span.to <= 1.0 && span.width() >= 0.5 * Span::LEAST);
                prop_assert!((span.share(seen) - before).abs() <= 1e-6 * span.width() + 1e-15);
                prop_assert!((span.seen(span.share(seen)) - seen).abs() < 1e-3);
            }
            for _ in 0..60 {
                span = span.zoomed(seen, 0.5);
            }
            prop_assert!(span.is_whole(), "{:?}", span);
        }
    }

    #[test]
    fn it_stays_on_the_line_and_goes_to_what_is_sought() {
        let span = Span::WHOLE.zoomed(0.5, 10.0);
        assert!((span.width() - 0.1).abs() < 1e-12);
        assert_eq!(span.moved(-100.0).from, 0.0);
        assert_eq!(span.moved(100.0).to, 1.0);
        assert_eq!(span.showing(0.5), span);
        let there = span.showing(0.9);
        assert!((there.seen(0.9) - 0.5).abs() < 1e-9);
        assert_eq!(Span::WHOLE.zoomed(f64::NAN, 2.0), Span::WHOLE);
    }
}
