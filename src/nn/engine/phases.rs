//! The phases of a group of images: between two of them all workers wait for one another.

use super::{Engine, Shard, Sums, layers::Run, update::loss};
use crate::nn::{Op, dropout::Stream, execution::Workers, kernels::norm, norm::inv_std};
use std::{ops::Range, sync::PoisonError};

/// Some images of a batch, each worker with neighbouring ones.
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub begin: usize,
    pub count: usize,
    pub workers: usize,
}

impl Group {
    /// Which of the batch's images are a worker's.
    pub fn part(self, worker: usize) -> Range<usize> {
        let at = |worker: usize| self.begin + self.count * worker / self.workers;
        at(worker)..at(worker + 1)
    }
}

impl Engine {
    /// One group's images forward, loss and backward, and then on with the gradients' sums. Batch normalisations
    /// cut the layers into stretches, between which all wait for the statistics.
    pub(super) fn group_gradients(
        &mut self,
        workers: &dyn Workers,
        group: Group,
        x: &[f32],
        target: &[f32],
        stream: Stream,
    ) {
        let (inputs, outputs, layers) = (self.lens[0], self.network.outputs(), self.steps.len());
        let last = self.last();
        for cut in 0..=self.norms.len() {
            let begin = if cut == 0 { 0 } else { self.norms[cut - 1] };
            let end = self.norms.get(cut).copied();
            let this = &*self;
            workers.run(&|worker| {
                let part = group.part(worker);
                let shard = &mut *this.shards[worker].write().unwrap_or_else(PoisonError::into_inner);
                if begin == 0 {
                    let from = &x[part.start * inputs..part.end * inputs];
                    shard.values[0][..from.len()].copy_from_slice(from);
                }
                let run = this.run(group, worker, stream);
                run.forward(shard, begin..end.unwrap_or(layers));
                if end.is_some() {
                    return;
                }
                let target = &target[part.start * outputs..part.end * outputs];
                let Shard { values, gradients, losses, .. } = shard;
                for (n, target) in target.chunks_exact(outputs).enumerate() {
                    let at = n * outputs..(n + 1) * outputs;
                    let (y, dy) = (&values[last][at.clone()], &mut gradients[last][at]);
                    losses[n] = loss(this.network.loss, y, target, dy);
                }
                run.backward(shard, this.norms.last().map_or(0, |l| l + 1)..layers);
            });
            if let Some(l) = end {
                workers.run(&|worker| this.add_statistics(worker, l, group));
                self.gather_statistics(l);
            }
        }
        for cut in (0..self.norms.len()).rev() {
            let l = self.norms[cut];
            let begin = if cut == 0 { 0 } else { self.norms[cut - 1] + 1 };
            let this = &*self;
            workers.run(&|worker| this.add_gradients(worker, l, group));
            self.gather(l);
            let this = &*self;
            workers.run(&|worker| {
                let shard = &mut *this.shards[worker].write().unwrap_or_else(PoisonError::into_inner);
                this.run(group, worker, stream).backward(shard, begin..l + 1);
            });
        }
        let this = &*self;
        workers.run(&|worker| {
            for l in (0..layers).rev().filter(|l| !this.norms.contains(l)) {
                this.add_gradients(worker, l, group);
            }
        });
    }

    fn run(&self, group: Group, worker: usize, stream: Stream) -> Run<'_> {
        let part = group.part(worker);
        Run {
            steps: &self.steps,
            own: &self.own,
            isa: self.isa,
            images: part.len(),
            at: part.start,
            count: group.count,
            stream: Some(stream),
            places: &self.apart,
        }
    }

    /// A layer's gradients of one worker's channels continue over the group's images.
    fn add_gradients(&self, worker: usize, l: usize, group: Group) {
        let sums = &mut self.sums[worker].lock().unwrap_or_else(PoisonError::into_inner)[l];
        for (of, shard) in self.shards.iter().enumerate() {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            self.steps[l].add_gradients(self.isa, l, &self.own[l], &shard, group.part(of).len(), sums);
        }
    }

    /// A batch normalisation's mean and variance of one worker's channels, over the group's images.
    fn add_statistics(&self, worker: usize, l: usize, group: Group) {
        let Sums { o, mean, var, .. } =
            &mut self.sums[worker].lock().unwrap_or_else(PoisonError::into_inner)[l];
        let step = &self.steps[l];
        let count = (group.count * step.plane) as f64 as f32;
        let each = |fold: &mut dyn FnMut(&[f32])| {
            for (of, shard) in self.shards.iter().enumerate() {
                let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
                let x = &shard.values[step.from][..group.part(of).len() * step.inputs];
                x.chunks_exact(step.inputs).for_each(&mut *fold);
            }
        };
        mean.fill(0.0);
        var.fill(0.0);
        each(&mut |x| norm::sums(self.isa, x, step.plane, o.clone(), mean));
        mean.iter_mut().for_each(|mean| *mean /= count);
        each(&mut |x| norm::squares(self.isa, x, mean, step.plane, o.clone(), var));
        var.iter_mut().for_each(|var| *var /= count);
    }

    /// A batch normalisation's statistics, gathered from all workers.
    fn gather_statistics(&mut self, l: usize) {
        let Op::BatchNorm2d(spec) = self.steps[l].op else { return };
        let [mean, var, inv_stds] = &mut self.own[l].batch;
        for sums in &mut self.sums {
            let sums = &sums.get_mut().unwrap_or_else(PoisonError::into_inner)[l];
            mean[sums.o.clone()].copy_from_slice(&sums.mean);
            var[sums.o.clone()].copy_from_slice(&sums.var);
        }
        inv_stds.iter_mut().zip(var).for_each(|(to, &mut var)| *to = inv_std(var, spec.eps));
    }

    /// A layer's gradients, gathered from all workers.
    pub(super) fn gather(&mut self, l: usize) {
        let own = &mut self.own[l];
        for sums in &mut self.sums {
            let sums = &sums.get_mut().unwrap_or_else(PoisonError::into_inner)[l];
            let Some(each) = own.w.len().checked_div(self.steps[l].channels()) else { return };
            let to = &mut own.gradient[0][sums.o.start * each..sums.o.end * each];
            match &self.steps[l].conv {
                Some(plan) => plan.gather(&sums.dw, to),
                None => to.copy_from_slice(&sums.dw),
            }
            if !own.b.is_empty() {
                own.gradient[1][sums.of_bias.clone()].copy_from_slice(&sums.db);
            }
        }
    }
}
