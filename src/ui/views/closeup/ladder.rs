//! How a close-up scales: which of its parts there is room for, and how large its cells are. Pure arithmetic, in points.

/// The least cell that a part is drawn with before another part gives way.
pub const WANTED: f32 = 40.0;
/// The least cell that has a number in it.
pub const READABLE: f32 = 34.0;
/// The largest cell.
pub const LARGEST: f32 = 84.0;
/// The largest cell of a part that has at most two rows and two columns.
pub const LARGEST_OF_FEW: f32 = 108.0;

/// The line of captions over the rows of a sum.
pub const CAPTIONS: f32 = 24.0;
/// Between two rows of a sum.
pub const ROW_GAP: f32 = 10.0;
/// The line for the rows without room.
pub const MORE: f32 = 30.0;
/// Between picture and window, for the lines from one to the other.
pub const FUNNEL: f32 = 42.0;
/// Between two grids, for a sign.
pub const SIGN: f32 = 28.0;
/// Below a single row: the chips, and what is between.
const BELOW_ROW: f32 = 74.0;
/// Beside the four grids of several rows: gaps, sums, and the narrowest column of the result.
const BESIDE_ROWS: f32 = 360.0;
/// The largest picture beside a single row.
const PICTURE: f32 = 110.0;

/// What is left of a sum of windows times filter slices, from most to least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// A row for each channel: picture, window, filter, products, sum; and the result beside them.
    AllRows,
    /// The same for those channels that give most, and one line for the rest.
    SomeRows,
    /// One channel: picture, window, filter, products; below it a chip per channel.
    OneRow,
    /// The same without the picture.
    WithoutPicture,
    /// Window and filter alone; the equation has the product.
    WithoutProducts,
}

/// How a sum is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SumFit {
    /// What there is of it.
    pub rung: Rung,
    /// The side of a cell of window, filter and products.
    pub cell: f32,
    /// How many channels have a row.
    pub rows: usize,
    /// The side of the picture's room; 0 where it is left out.
    pub picture: f32,
}

/// How a sum over `rows` channels with a filter of `filter` rows and columns fits into `room`: width and height below
/// the place row, equation and legends taken off.
pub fn sum_fit(room: [f32; 2], rows: usize, filter: [usize; 2]) -> SumFit {
    let [w, h] = room;
    let [kh, kw] = filter.map(|side| side.max(1) as f32);
    let whole = |side: f32| side.min(LARGEST).floor().max(1.0);
    let of_rows = |n: usize, below: f32| {
        let gaps = ROW_GAP * n.saturating_sub(1) as f32;
        whole(((h - CAPTIONS - below - gaps) / (n.max(1) as f32 * kh)).min((w - BESIDE_ROWS) / (4.0 * kw)))
    };
    let several = |rung, n: usize, cell: f32| SumFit { rung, cell, rows: n, picture: kh.max(kw) * cell };
    let all = of_rows(rows, 0.0);
    if all >= WANTED {
        return several(Rung::AllRows, rows, all);
    }
    if rows > 3 {
        let some = (2..rows).rev().map(|n| (n, of_rows(n, MORE))).find(|&(_, cell)| cell >= WANTED);
        if let Some((n, cell)) = some {
            return several(Rung::SomeRows, n, cell);
        }
    }
    let picture = PICTURE.min(w / 6.0).floor();
    let one = |rung, picture: f32, beside: f32, grids: f32| {
        let cell = whole(((h - BELOW_ROW) / kh).min((w - beside) / (grids * kw)));
        SumFit { rung, cell, rows: 1, picture }
    };
    let steps = [
        one(Rung::OneRow, picture, picture + FUNNEL + 2.0 * SIGN, 3.0),
        one(Rung::WithoutPicture, 0.0, 2.0 * SIGN + 8.0, 3.0),
        one(Rung::WithoutProducts, 0.0, SIGN + 8.0, 2.0),
    ];
    let with = |least: f32| steps.into_iter().find(|fit| fit.cell >= least);
    // Without numbers nothing is gained by leaving parts out, as long as the colours can be seen.
    with(WANTED).or_else(|| with(READABLE)).or_else(|| with(12.0)).unwrap_or(steps[2])
}

/// One of the parts that stand side by side: a tensor's plane, a window of it, a vector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartForm {
    /// Its rows and columns.
    pub whole: [usize; 2],
    /// Rows and columns of what is enlarged below it; `None` for a part that is small enough to be drawn large itself.
    pub near: Option<[usize; 2]>,
    /// The width of its title, and of the line under the title.
    pub words: [f32; 2],
}

/// How parts side by side are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartsFit {
    /// The side of an enlarged cell.
    pub cell: f32,
    /// The side of the maps' room above them; 0 where there is none for maps.
    pub map: f32,
    /// How many lines of words stand over a part: its title and a line under it, that line alone, none.
    pub lines: usize,
    /// Whether what stands beside the parts has room.
    pub extra: bool,
    /// Whether of each part only the cell in focus is left.
    pub alone: bool,
}

/// The height of the words over a part, by their lines.
const HEADS: [f32; 3] = [4.0, 22.0, 46.0];
/// Between a map and what is enlarged of it.
pub const ZOOM: f32 = 26.0;
/// The largest map above enlarged cells.
pub const MAP: f32 = 150.0;

impl PartsFit {
    /// The height of what stands over the cells.
    pub const fn head(&self) -> f32 {
        HEADS[if self.lines < 2 { self.lines } else { 2 }]
    }

    /// How high everything below the head is, in a room of the given height.
    fn body(&self, h: f32) -> f32 {
        h - self.head()
    }

    /// The rows and columns of a part that are enlarged.
    pub fn near(&self, form: &PartForm, h: f32) -> Option<[usize; 2]> {
        match form.near {
            Some(_) if self.alone => Some([1, 1]),
            // A short vector is drawn whole where each of its numbers can be read.
            Some(_) if form.whole[1] == 1 && self.body(h) / form.whole[0] as f32 >= READABLE => None,
            near => near,
        }
    }

    /// The side of the cells of a part that is drawn whole.
    pub fn whole_cell(&self, form: &PartForm, h: f32) -> f32 {
        self.cell.min((self.body(h) / form.whole[0].max(1) as f32).floor())
    }

    /// The width of a part.
    pub fn width(&self, form: &PartForm, h: f32) -> f32 {
        let cells = match self.near(form, h) {
            Some([_, cols]) => (cols as f32 * self.cell).max(self.map_size(form)[0]),
            None => form.whole[1] as f32 * self.whole_cell(form, h),
        };
        let [title, line] = form.words;
        let words = match self.lines {
            0 => 0.0,
            1 => line,
            _ => title.max(line),
        };
        cells.max(words) + 4.0
    }

    /// The size of a part's map above its enlarged cells.
    pub fn map_size(&self, form: &PartForm) -> [f32; 2] {
        let [rows, cols] = form.whole.map(|n| n.max(1) as f32);
        // A long strip may be wider than its room is high.
        let side = (self.map / rows).min(1.6 * self.map / cols);
        [side * cols, side * rows]
    }

    /// The height of the enlarged cells of all parts together.
    pub fn near_height(&self, forms: &[PartForm], h: f32) -> f32 {
        let rows = forms.iter().filter_map(|form| self.near(form, h)).map(|near| near[0]);
        rows.max().map_or(0.0, |rows| rows as f32 * self.cell + 4.0)
    }

    fn fits(&self, [w, h]: [f32; 2], forms: &[PartForm], between: [f32; 2], extra: Option<[f32; 2]>) -> bool {
        let near = self.near_height(forms, h);
        let above = if self.map > 0.0 && near > 0.0 { self.map + ZOOM } else { 0.0 };
        let whole = forms.iter().filter(|form| self.near(form, h).is_none());
        let whole = whole.map(|form| form.whole[0] as f32 * self.whole_cell(form, h)).fold(0.0, f32::max);
        let extra = extra.filter(|_| self.extra).unwrap_or_default();
        let width: f32 = forms.iter().map(|form| self.width(form, h)).sum();
        let beside = if extra[0] > 0.0 { extra[0] + 24.0 } else { 0.0 };
        let between = between[if self.lines < 2 { 1 } else { 0 }];
        width + between + beside <= w && (above + near).max(whole).max(extra[1]) <= self.body(h)
    }
}

/// How parts fit side by side into `room`, with signs between that take `between` in all, with words on them and without;
/// and beside the parts something of the size `extra`. They are never stacked: first the maps become smaller, then what
/// is beside goes, then the maps, then the words, and at last all cells but those in focus, which leaves room for maps
/// and words again.
pub fn parts_fit(room: [f32; 2], forms: &[PartForm], between: [f32; 2], extra: Option<[f32; 2]>) -> PartsFit {
    let few = |form: &PartForm| form.near.unwrap_or(form.whole).into_iter().all(|n| n <= 2);
    let is_mapped = |form: &&PartForm| form.near.is_some();
    let largest = if forms.iter().filter(is_mapped).all(few) { LARGEST_OF_FEW } else { LARGEST };
    let steps = [
        (2, true, false, 110.0),
        (2, true, false, 64.0),
        (2, false, false, 64.0),
        (2, false, false, 0.0),
        (1, false, false, 0.0),
        (0, false, false, 0.0),
        (2, true, true, 110.0),
        (2, false, true, 64.0),
        (2, false, true, 0.0),
        (1, false, true, 0.0),
        (0, false, true, 0.0),
    ];
    let of = |(lines, extra, alone, map): (usize, bool, bool, f32), cell: f32| {
        let mut fit = PartsFit { cell, map, lines, extra, alone };
        let near = fit.near_height(forms, room[1]);
        if map > 0.0 {
            fit.map = (fit.body(room[1]) - ZOOM - near).clamp(map, MAP).floor();
        }
        fit
    };
    let cells = |least: f32| {
        let count = (largest - least) as usize;
        (0..=count).map(move |k| largest - k as f32)
    };
    let first = |least: f32, alone: bool| {
        steps.into_iter().filter(|step| step.2 == alone).find_map(|step| {
            cells(least).map(|cell| of(step, cell)).find(|fit| fit.fits(room, forms, between, extra))
        })
    };
    // Neighbours that can just be read say more than a large cell alone.
    let with_neighbours = first(WANTED, false).or_else(|| first(READABLE, false));
    let alone = || first(READABLE, true).or_else(|| first(4.0, false)).or_else(|| first(4.0, true));
    with_neighbours.or_else(alone).unwrap_or_else(|| of(steps[steps.len() - 1], 4.0))
}

/// What stays free beside the longest number in a cell, and at least beside one that is not [`EASY`] to read.
const INSET: [f32; 2] = [5.0, 3.0];
/// The size from which on a number is read without effort.
const EASY: f32 = 14.0;

/// The size of the numbers of a close-up: the largest at which the longest, `widest` times its letters' size, fits into
/// a cell; between the `least` and the `most`. `None` where even the least does not fit.
pub fn number_size(cell: f32, widest: f32, [least, most]: [f32; 2]) -> Option<f32> {
    let [airy, tight] = INSET.map(|inset| (2.0 * (cell - inset) / widest.max(0.1)).floor() / 2.0);
    let size = airy.max(tight.min(EASY.max(least)));
    (size >= least).then(|| size.min(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The room of a window's close-up, by the heights of its regions.
    fn room(w: f32, h: f32) -> [f32; 2] {
        let (top, strip, place, transport, equation, legend, margin) = if h >= 680.0 {
            (40.0, 56.0, 36.0, 48.0, 38.0, 26.0, 10.0)
        } else if h >= 560.0 {
            (40.0, 34.0, 36.0, 48.0, 38.0, 26.0, 10.0)
        } else {
            (36.0, 0.0, 32.0, 40.0, 32.0, 0.0, 8.0)
        };
        [w - 24.0, h - top - strip - place - transport - equation - legend - margin]
    }

    #[test]
    fn a_convolution_of_three_maps_has_the_sizes_of_the_design() {
        use Rung::{AllRows, OneRow, WithoutPicture};
        for (window, zoom, rung, cell) in [
            ([1024.0, 768.0], 1.0, AllRows, 52.0),
            ([1280.0, 720.0], 1.0, AllRows, 46.0),
            ([1366.0, 768.0], 1.0, AllRows, 52.0),
            ([1920.0, 1080.0], 1.0, AllRows, 84.0),
            ([1280.0, 720.0], 1.1, AllRows, 42.0),
            ([1280.0, 720.0], 1.25, OneRow, 84.0),
            ([1024.0, 768.0], 1.5, OneRow, 50.0),
            ([1280.0, 720.0], 1.5, OneRow, 69.0),
            ([1920.0, 1080.0], 1.5, AllRows, 46.0),
            ([1024.0, 768.0], 2.0, WithoutPicture, 47.0),
            ([1280.0, 720.0], 2.0, OneRow, 46.0),
            ([1366.0, 768.0], 2.0, OneRow, 50.0),
            ([1920.0, 1080.0], 2.0, OneRow, 80.0),
        ] {
            let [w, h]: [f32; 2] = window;
            let fit = sum_fit(room(w / zoom, h / zoom), 3, [3, 3]);
            assert_eq!((fit.rung, fit.cell), (rung, cell), "{w}x{h} at {zoom}");
            assert!(fit.cell >= READABLE);
        }
    }

    #[test]
    fn many_channels_show_those_that_give_most() {
        let fit = sum_fit(room(1280.0, 720.0), 32, [3, 3]);
        assert_eq!((fit.rung, fit.rows), (Rung::SomeRows, 3));
        assert!(fit.cell >= WANTED);
        // Three channels have a row each, or one is shown.
        assert_eq!(sum_fit([1256.0, 340.0], 3, [3, 3]).rung, Rung::OneRow);
    }

    #[test]
    fn a_filter_of_five_has_its_numbers_in_a_tall_room_and_none_in_a_short_one() {
        assert_eq!(sum_fit(room(1280.0, 720.0), 1, [5, 5]).cell, 44.0);
        let short = sum_fit(room(640.0, 360.0), 1, [5, 5]);
        assert!(short.cell < READABLE && short.rung == Rung::OneRow, "{short:?}");
    }

    #[test]
    fn a_pool_has_the_cells_of_the_design() {
        let form = |whole, near, title| PartForm { whole, near: Some(near), words: [title, 150.0] };
        let forms =
            [form([16, 16], [1, 1], 180.0), form([32, 32], [2, 2], 160.0), form([32, 32], [2, 2], 230.0)];
        let at = |w: f32, h: f32| parts_fit(room(w, h), &forms, [280.0, 96.0], None);
        assert_eq!((at(1280.0, 720.0).cell, at(1280.0, 720.0).lines), (108.0, 2));
        assert!(at(1280.0, 720.0).map >= 140.0);
        assert!(at(1024.0, 768.0).cell >= 100.0);
        assert!(at(860.0, 480.0).cell >= READABLE);
        assert!(at(640.0, 360.0).cell >= READABLE);
    }

    #[test]
    fn numbers_are_as_large_as_the_longest_lets_them_be() {
        assert_eq!(number_size(46.0, 3.04, [13.0, 24.0]), Some(14.0));
        assert_eq!(number_size(84.0, 2.8, [13.0, 24.0]), Some(24.0));
        assert_eq!(number_size(84.0, 2.8, [18.0, 30.0]), Some(28.0));
        // Air beside them where they are large, none where they would become hard to read.
        assert_eq!(number_size(52.0, 3.04, [13.0, 24.0]), Some(15.0));
        assert_eq!(number_size(40.0, 3.04, [13.0, 24.0]), None);
    }

    proptest! {
        #[test]
        fn more_room_never_gives_less_of_a_sum(
            w in 200f32..2000.0, h in 100f32..1200.0, more in 0f32..300.0, wider: bool,
            rows in 1usize..70, side in 1usize..8,
        ) {
            let small = sum_fit([w, h], rows, [side, side]);
            let room = if wider { [w + more, h] } else { [w, h + more] };
            let large = sum_fit(room, rows, [side, side]);
            // Between numbers and none, the layout is not what counts.
            let value = |fit: &SumFit| (fit.cell >= READABLE, fit.cell >= WANTED);
            prop_assert!(value(&large) >= value(&small));
            if value(&large) == value(&small) && small.cell >= WANTED {
                prop_assert!(large.rung <= small.rung, "{small:?} {large:?}");
                if large.rung == small.rung {
                    prop_assert!(large.rows >= small.rows);
                    prop_assert!(large.rows > small.rows || large.cell >= small.cell, "{small:?} {large:?}");
                }
            }
        }

        #[test]
        fn parts_stay_within_their_room(
            w in 300f32..2000.0, h in 150f32..1200.0, n in 1usize..5, side in 1usize..64,
        ) {
            let form = PartForm { whole: [side, side], near: Some([3, 3]), words: [60.0, 60.0] };
            let forms = vec![form; n];
            let fit = parts_fit([w, h], &forms, [40.0; 2], Some([300.0, 150.0]));
            prop_assert!(fit.fits([w, h], &forms, [40.0; 2], Some([300.0, 150.0])), "{fit:?}");
        }
    }
}
