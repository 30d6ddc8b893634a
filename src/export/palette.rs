//! The colours of an indexed picture: all of them where there are few enough, else those that stand for all best.

use std::collections::HashMap;

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// At most 256 colours, and which of them stands for each colour of a picture.
#[derive(Debug)]
pub struct Palette {
    colours: Vec<Rgb>,
    index: HashMap<Rgb, u8>,
    is_exact: bool,
}

/// How often each colour occurs.
#[derive(Clone, Debug, Default)]
pub struct Histogram(HashMap<Rgb, u64>);

impl Histogram {
    /// Counts the colours of pixels, row by row.
    pub fn add(&mut self, pixels: impl Iterator<Item = Rgb>) {
        let mut run: Option<(Rgb, u64)> = None;
        for pixel in pixels {
            match &mut run {
                Some((colour, count)) if *colour == pixel => *count += 1,
                Some((colour, count)) => {
                    *self.0.entry(*colour).or_default() += *count;
                    run = Some((pixel, 1));
                }
                None => run = Some((pixel, 1)),
            }
        }
        if let Some((colour, count)) = run {
            *self.0.entry(colour).or_default() += count;
        }
    }

    /// How many colours there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Colours that one entry of the palette stands for, with how often they occur.
struct Group {
    members: Vec<(Rgb, u64)>,
    /// The axis along which they differ most, where its mean lies, and how much they differ in all.
    axis: usize,
    mean: [f64; 3],
    error: f64,
}

impl Group {
    fn new(members: Vec<(Rgb, u64)>) -> Self {
        let weight = members.iter().map(|(_, n)| *n as f64).sum::<f64>().max(1.0);
        let mean: [f64; 3] = std::array::from_fn(|a| {
            members.iter().map(|(colour, n)| f64::from(colour[a]) * *n as f64).sum::<f64>() / weight
        });
        let spread: [f64; 3] = std::array::from_fn(|a| {
            let off = |colour: &Rgb| (f64::from(colour[a]) - mean[a]).powi(2);
            members.iter().map(|(colour, n)| off(colour) * *n as f64).sum()
        });
        let axis = (0..3).max_by(|&a, &b| spread[a].total_cmp(&spread[b])).unwrap_or(0);
        Self { error: spread.iter().sum(), members, axis, mean }
    }

    /// Both halves, on either side of the mean.
    fn split(self) -> [Self; 2] {
        let (axis, mean) = (self.axis, self.mean[self.axis]);
        let (low, high) = self.members.into_iter().partition(|(colour, _)| f64::from(colour[axis]) <= mean);
        [Self::new(low), Self::new(high)]
    }

    /// The colour that stands for all: one that is as frequent as all others together stays as it is.
    fn colour(&self) -> Rgb {
        let all: u64 = self.members.iter().map(|(_, n)| n).sum();
        match self.members.iter().max_by_key(|(colour, n)| (*n, *colour)) {
            Some((colour, n)) if 2 * n >= all => *colour,
            Some(_) | None => self.mean.map(|value| value.round() as u8),
        }
    }
}

impl Palette {
    /// At most `room` colours, from 1 to 256. The same for the same colours, in whatever order they were counted.
    pub fn new(histogram: &Histogram, room: usize) -> Self {
        let mut all: Vec<(Rgb, u64)> = histogram.0.iter().map(|(colour, n)| (*colour, *n)).collect();
        all.sort_unstable();
        let room = room.clamp(1, 256);
        let is_exact = all.len() <= room;
        let colours: Vec<Rgb> = match is_exact {
            true => all.iter().map(|(colour, _)| *colour).collect(),
            false => chosen(all.clone(), room),
        };
        let nearest = |colour: Rgb| {
            let away = |other: &Rgb| -> i32 {
                (0..3).map(|a| (i32::from(colour[a]) - i32::from(other[a])).pow(2)).sum()
            };
            (0..colours.len()).min_by_key(|&k| away(&colours[k])).unwrap_or(0) as u8
        };
        let index = all.iter().map(|(colour, _)| (*colour, nearest(*colour))).collect();
        Self { colours, index, is_exact }
    }

    /// The colours in order.
    pub fn colours(&self) -> &[Rgb] {
        &self.colours
    }

    /// Whether each colour stands for itself.
    pub const fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// The number of the colour that stands for this one; 0 for one that was not counted.
    pub fn index(&self, colour: Rgb) -> u8 {
        self.index.get(&colour).copied().unwrap_or(0)
    }
}

/// So many colours: always the group that differs most is split.
fn chosen(all: Vec<(Rgb, u64)>, room: usize) -> Vec<Rgb> {
    let mut groups = vec![Group::new(all)];
    while groups.len() < room {
        let widest = (0..groups.len()).max_by(|&a, &b| groups[a].error.total_cmp(&groups[b].error));
        let Some(widest) = widest.filter(|&k| groups[k].error > 0.0) else { break };
        let [low, high] = groups.swap_remove(widest).split();
        groups.extend([low, high]);
    }
    let mut colours: Vec<Rgb> = groups.iter().map(Group::colour).collect();
    colours.sort_unstable();
    colours.dedup();
    colours
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(pixels: &[Rgb]) -> Histogram {
        let mut histogram = Histogram::default();
        histogram.add(pixels.iter().copied());
        histogram
    }

    #[test]
    fn few_colours_stay_as_they_are() {
        let pixels: Vec<Rgb> = (0..=255).map(|k| [k, 255 - k, k / 2]).collect();
        let palette = Palette::new(&counted(&pixels), 256);
        assert!(palette.is_exact());
        assert!(pixels.iter().all(|pixel| palette.colours()[usize::from(palette.index(*pixel))] == *pixel));
    }

    #[test]
    fn frequent_colours_stay_among_many_and_the_order_does_not_count() {
        let flat: [Rgb; 4] = [[252, 252, 254], [17, 17, 31], [165, 82, 0], [0, 121, 107]];
        let mut pixels: Vec<Rgb> = flat.iter().flat_map(|colour| [*colour; 5000]).collect();
        pixels.extend((0..4000u32).map(|k| [(k % 251) as u8, (k * 7 % 241) as u8, (k / 16) as u8]));
        let palette = Palette::new(&counted(&pixels), 255);
        assert!(!palette.is_exact() && palette.colours().len() <= 255);
        for colour in flat {
            assert_eq!(palette.colours()[usize::from(palette.index(colour))], colour);
        }
        let worst = pixels.iter().map(|pixel| {
            let other = palette.colours()[usize::from(palette.index(*pixel))];
            (0..3).map(|a| pixel[a].abs_diff(other[a])).max().unwrap_or(0)
        });
        assert!(worst.max().is_some_and(|worst| worst < 40));
        pixels.reverse();
        assert_eq!(Palette::new(&counted(&pixels), 255).colours(), palette.colours());
    }
}
