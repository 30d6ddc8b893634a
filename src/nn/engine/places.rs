//! Where the buffers of a network's layers lie: each by itself, or several in one place, one after the other.

use super::Step;

/// The places of the buffers.
#[derive(Debug)]
pub(super) struct Places {
    /// Each buffer's place.
    pub of: Vec<usize>,
    /// Each place's numbers in one image: those of the longest buffer that lies there.
    pub lens: Vec<usize>,
}

impl Places {
    /// Each buffer by itself.
    pub fn apart(lens: &[usize]) -> Self {
        Self { of: (0..lens.len()).collect(), lens: lens.to_vec() }
    }

    /// A buffer's place is free for a later one when its last reader has read it. `lens`: the buffers' numbers.
    pub fn shared(steps: &[Step], lens: &[usize]) -> Self {
        let mut last = vec![0; lens.len()];
        for (l, step) in steps.iter().enumerate() {
            last[step.to] = l;
            step.reads.iter().for_each(|read| last[read.from] = l);
        }
        // The output is read when all is done.
        if let Some(step) = steps.last() {
            last[step.to] = steps.len();
        }
        let mut places = Self { of: vec![0; lens.len()], lens: vec![lens[0]] };
        let mut free = Vec::new();
        for (l, step) in steps.iter().enumerate() {
            if step.from != step.to {
                places.of[step.to] = places.take(&mut free, lens[step.to]);
            }
            // A layer may read a buffer twice, but it is freed once.
            let mut read: Vec<usize> = step.reads.iter().map(|read| read.from).chain([step.to]).collect();
            read.sort_unstable();
            read.dedup();
            free.extend(read.into_iter().filter(|&buffer| last[buffer] == l).map(|buffer| places.of[buffer]));
        }
        places
    }

    /// The free place that fits best: the shortest of those that are long enough, else the longest, made longer, else a
    /// new one.
    fn take(&mut self, free: &mut Vec<usize>, len: usize) -> usize {
        let fits = |&at: &usize| (self.lens[free[at]] < len, self.lens[free[at]].abs_diff(len));
        let Some(at) = (0..free.len()).min_by_key(fits) else {
            self.lens.push(len);
            return self.lens.len() - 1;
        };
        let place = free.swap_remove(at);
        self.lens[place] = self.lens[place].max(len);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Isa, plan_steps};
    use super::*;
    use crate::nn::{
        Network,
        loss::Loss,
        spec::{Kind, LayerSpec, MaxPoolSpec},
    };

    /// A chain takes turns between two places; what a later layer reads keeps its own until then.
    #[test]
    fn a_buffer_is_free_after_its_last_reader() {
        let tanh = || Kind::Activation(crate::nn::Activation::Tanh);
        let places = |layers: Vec<LayerSpec>| {
            let network = Network::build([2, 4, 4], layers, Loss::CrossEntropy).expect("fits");
            let (steps, lens) = plan_steps(&network, Isa::best());
            Places::shared(&steps, &lens)
        };
        let chain = places(["a", "b", "c", "d"].map(|name| LayerSpec::new(name, tanh())).into());
        assert_eq!((chain.of, chain.lens), (vec![0, 1, 0, 1, 0], vec![32, 32]));

        let layers = [
            LayerSpec::new("a", tanh()),
            LayerSpec::new("pool", Kind::MaxPool2d(MaxPoolSpec::new(2))),
            LayerSpec::new("b", tanh()),
            LayerSpec::new("c", tanh()).reading(["a"]),
            LayerSpec::new("d", Kind::MaxPool2d(MaxPoolSpec::new(2))),
            LayerSpec::new("add", Kind::Add).reading(["d", "b"]),
        ];
        // The picture's place is c's after a has read it; a's is free for the last ones after c.
        let graph = places(layers.into());
        assert_eq!((graph.of, graph.lens), (vec![0, 1, 0, 2, 0, 1, 0], vec![32, 32, 8]));
    }
}
