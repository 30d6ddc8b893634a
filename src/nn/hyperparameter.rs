//! The numbers of a layer one by one, under the names that an architecture file gives them: read and changed.

use super::{
    Activation,
    resample::{Border, Upsampling},
    spec::{
        AdaptivePoolSpec, AvgPoolSpec, BatchNormSpec, ConvSpec, ConvTransposeSpec, CropSpec, DenseSpec,
        DropoutSpec, GroupNormSpec, Kind, LrnSpec, MaxPoolSpec, PReluSpec, PadSpec, Pair, ShuffleSpec,
        SliceSpec, Together, UpsampleSpec,
    },
};

/// What a hyperparameter holds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value {
    /// A whole number.
    Count(usize),
    /// Rows and columns.
    Pair(Pair),
    /// Yes or no.
    Flag(bool),
    /// Any number.
    Number(f64),
}

/// One number of a layer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hyperparameter {
    /// Its name in an architecture file: `out_channels`, `kernel`.
    pub name: &'static str,
    /// What it holds.
    pub value: Value,
}

/// A place in a layer kind to read a hyperparameter from and write it to. A pool's stride follows its kernel until it is set,
/// and the padding of the other sides that of the first ones.
enum Slot<'a> {
    Count(&'a mut usize),
    Pair(&'a mut Pair),
    PairOr(&'a mut Option<Pair>, Pair),
    Flag(&'a mut bool),
    Number(&'a mut f64),
}

impl Kind {
    /// One of each kind, with the numbers that a new layer starts with.
    pub fn starters() -> Vec<Self> {
        let (kernel, padding) = (Pair::square(2), Pair::square(0));
        let before = [
            Self::Conv2d(ConvSpec::new(8, 3)),
            Self::MaxPool2d(MaxPoolSpec { kernel, stride: None, padding, ..MaxPoolSpec::new(1) }),
            Self::AvgPool2d(AvgPoolSpec {
                kernel,
                stride: None,
                padding,
                count_include_pad: true,
                ..AvgPoolSpec::new(1)
            }),
            Self::GlobalAvgPool2d,
            Self::GlobalMaxPool2d,
            Self::AdaptiveAvgPool2d(AdaptivePoolSpec { output_size: Pair::square(1) }),
            Self::AdaptiveMaxPool2d(AdaptivePoolSpec { output_size: Pair::square(1) }),
        ];
        let scale = Pair::square(2);
        let transposed =
            Self::ConvTranspose2d(ConvTransposeSpec { stride: scale, ..ConvTransposeSpec::new(8, 2) });
        let upsampled = Upsampling::ALL.map(|by| Self::Upsample2d(UpsampleSpec::by_scale(by, scale)));
        let padded = [Border::Zero, Border::Reflection, Border::Replication]
            .map(|border| Self::Pad2d(PadSpec::new(border, Pair::square(1))));
        let norms = [Together::Group(2), Together::Channel, Together::Whole]
            .map(|of| Self::GroupNorm(GroupNormSpec::new(of)));
        let after = [
            Self::Crop2d(CropSpec { start: Pair::square(0), size: Pair::square(2), step: Pair::square(1) }),
            Self::SliceChannels(SliceSpec { start: 0, count: 1, step: 1 }),
            Self::ChannelShuffle(ShuffleSpec { groups: 1 }),
            Self::LocalResponseNorm(LrnSpec::default()),
            Self::Dropout(DropoutSpec::default()),
            Self::Softmax,
            Self::Add,
            Self::Multiply,
            Self::Concat,
        ];
        before
            .into_iter()
            .chain(Activation::ALL.map(Self::Activation))
            .chain([transposed])
            .chain([Self::PRelu(PReluSpec::default())])
            .chain(upsampled)
            .chain(padded)
            .chain([
                Self::Flatten,
                Self::Dense(DenseSpec { out_features: 10, bias: true }),
                Self::BatchNorm2d(BatchNormSpec::default()),
            ])
            .chain(norms)
            .chain(after)
            .collect()
    }

    /// Its numbers in the order in which one reads them.
    pub fn hyperparameters(&self) -> Vec<Hyperparameter> {
        let mut kind = self.clone();
        let slots = kind.slots().into_iter();
        let read = |(name, slot): (&'static str, Slot)| Hyperparameter {
            name,
            value: match slot {
                Slot::Count(n) => Value::Count(*n),
                Slot::Pair(pair) => Value::Pair(*pair),
                Slot::PairOr(pair, or) => Value::Pair(pair.unwrap_or(or)),
                Slot::Flag(flag) => Value::Flag(*flag),
                Slot::Number(number) => Value::Number(*number),
            },
        };
        slots.map(read).collect()
    }

    /// Changes the number of that name; one that it does not have, or that holds something else, stays away.
    ///
    /// ```
    /// use convstep::nn::{hyperparameter::{Hyperparameter, Value}, spec::{ConvSpec, Kind}};
    ///
    /// let mut kind = Kind::Conv2d(ConvSpec::new(8, 3));
    /// kind.set(Hyperparameter { name: "out_channels", value: Value::Count(16) });
    /// assert_eq!(kind, Kind::Conv2d(ConvSpec::new(16, 3)));
    /// ```
    pub fn set(&mut self, field: Hyperparameter) {
        let Some((_, slot)) = self.slots().into_iter().find(|(name, _)| *name == field.name) else { return };
        match (slot, field.value) {
            (Slot::Count(n), Value::Count(to)) => *n = to,
            (Slot::Pair(pair), Value::Pair(to)) => *pair = to,
            (Slot::PairOr(pair, _), Value::Pair(to)) => *pair = Some(to),
            (Slot::Flag(flag), Value::Flag(to)) => *flag = to,
            (Slot::Number(number), Value::Number(to)) => *number = to,
            (
                Slot::Count(_) | Slot::Pair(_) | Slot::PairOr(..) | Slot::Flag(_) | Slot::Number(_),
                Value::Count(_) | Value::Pair(_) | Value::Flag(_) | Value::Number(_),
            ) => {}
        }
    }

    /// The number of outputs that the layer chooses for itself: filters or units.
    pub fn outputs_mut(&mut self) -> Option<&mut usize> {
        self.slots().into_iter().find_map(|(name, slot)| match slot {
            Slot::Count(n) if name.starts_with("out_") => Some(n),
            Slot::Count(_) | Slot::Pair(_) | Slot::PairOr(..) | Slot::Flag(_) | Slot::Number(_) => None,
        })
    }

    fn slots(&mut self) -> Vec<(&'static str, Slot<'_>)> {
        match self {
            Self::Conv2d(conv) => {
                let padding = conv.padding;
                vec![
                    ("out_channels", Slot::Count(&mut conv.out_channels)),
                    ("kernel", Slot::Pair(&mut conv.kernel)),
                    ("stride", Slot::Pair(&mut conv.stride)),
                    ("padding", Slot::Pair(&mut conv.padding)),
                    ("padding_end", Slot::PairOr(&mut conv.padding_end, padding)),
                    ("dilation", Slot::Pair(&mut conv.dilation)),
                    ("groups", Slot::Count(&mut conv.groups)),
                    ("bias", Slot::Flag(&mut conv.bias)),
                    ("normalize", Slot::Flag(&mut conv.normalize)),
                ]
            }
            Self::ConvTranspose2d(conv) => {
                let padding = conv.padding;
                vec![
                    ("out_channels", Slot::Count(&mut conv.out_channels)),
                    ("kernel", Slot::Pair(&mut conv.kernel)),
                    ("stride", Slot::Pair(&mut conv.stride)),
                    ("padding", Slot::Pair(&mut conv.padding)),
                    ("padding_end", Slot::PairOr(&mut conv.padding_end, padding)),
                    ("output_padding", Slot::Pair(&mut conv.output_padding)),
                    ("dilation", Slot::Pair(&mut conv.dilation)),
                    ("groups", Slot::Count(&mut conv.groups)),
                    ("bias", Slot::Flag(&mut conv.bias)),
                ]
            }
            Self::MaxPool2d(pool) => {
                let (kernel, padding) = (pool.kernel, pool.padding);
                vec![
                    ("kernel", Slot::Pair(&mut pool.kernel)),
                    ("stride", Slot::PairOr(&mut pool.stride, kernel)),
                    ("padding", Slot::Pair(&mut pool.padding)),
                    ("padding_end", Slot::PairOr(&mut pool.padding_end, padding)),
                    ("dilation", Slot::Pair(&mut pool.dilation)),
                    ("ceil_mode", Slot::Flag(&mut pool.ceil_mode)),
                ]
            }
            Self::AvgPool2d(pool) => {
                let (kernel, padding) = (pool.kernel, pool.padding);
                vec![
                    ("kernel", Slot::Pair(&mut pool.kernel)),
                    ("stride", Slot::PairOr(&mut pool.stride, kernel)),
                    ("padding", Slot::Pair(&mut pool.padding)),
                    ("padding_end", Slot::PairOr(&mut pool.padding_end, padding)),
                    ("ceil_mode", Slot::Flag(&mut pool.ceil_mode)),
                    ("count_include_pad", Slot::Flag(&mut pool.count_include_pad)),
                ]
            }
            Self::Activation(activation) => {
                let name = activation.number().map(|(name, _)| name);
                name.zip(activation.number_mut().map(Slot::Number)).into_iter().collect()
            }
            Self::Dense(dense) => vec![
                ("out_features", Slot::Count(&mut dense.out_features)),
                ("bias", Slot::Flag(&mut dense.bias)),
            ],
            Self::BatchNorm2d(bn) => {
                vec![("eps", Slot::Number(&mut bn.eps)), ("momentum", Slot::Number(&mut bn.momentum))]
            }
            Self::GroupNorm(norm) => {
                let mut slots =
                    vec![("eps", Slot::Number(&mut norm.eps)), ("affine", Slot::Flag(&mut norm.affine))];
                if let Together::Group(groups) = &mut norm.of {
                    slots.insert(0, ("groups", Slot::Count(groups)));
                }
                slots
            }
            Self::LocalResponseNorm(norm) => vec![
                ("size", Slot::Count(&mut norm.size)),
                ("alpha", Slot::Number(&mut norm.alpha)),
                ("beta", Slot::Number(&mut norm.beta)),
                ("k", Slot::Number(&mut norm.k)),
            ],
            Self::PRelu(prelu) => vec![("per_channel", Slot::Flag(&mut prelu.per_channel))],
            Self::Dropout(dropout) => vec![("p", Slot::Number(&mut dropout.p))],
            Self::AdaptiveAvgPool2d(pool) | Self::AdaptiveMaxPool2d(pool) => {
                vec![("output_size", Slot::Pair(&mut pool.output_size))]
            }
            Self::Upsample2d(upsample) => {
                let mixes = upsample.by.mixes();
                let mut slots = vec![match &mut upsample.size {
                    Some(size) => ("size", Slot::Pair(size)),
                    None => ("scale", Slot::Pair(&mut upsample.scale)),
                }];
                slots.extend(mixes.then_some(("align_corners", Slot::Flag(&mut upsample.align_corners))));
                slots
            }
            Self::Crop2d(crop) => vec![
                ("start", Slot::Pair(&mut crop.start)),
                ("size", Slot::Pair(&mut crop.size)),
                ("step", Slot::Pair(&mut crop.step)),
            ],
            Self::SliceChannels(slice) => vec![
                ("start", Slot::Count(&mut slice.start)),
                ("count", Slot::Count(&mut slice.count)),
                ("step", Slot::Count(&mut slice.step)),
            ],
            Self::ChannelShuffle(shuffle) => vec![("groups", Slot::Count(&mut shuffle.groups))],
            Self::Pad2d(pad) => {
                let padding = pad.padding;
                vec![
                    ("padding", Slot::Pair(&mut pad.padding)),
                    ("padding_end", Slot::PairOr(&mut pad.padding_end, padding)),
                    ("channels", Slot::Pair(&mut pad.channels)),
                ]
            }
            Self::GlobalAvgPool2d
            | Self::GlobalMaxPool2d
            | Self::Flatten
            | Self::Softmax
            | Self::Add
            | Self::Multiply
            | Self::Concat => vec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Kind::names().into_iter().collect();
        assert_eq!(names.len(), Kind::starters().len());
    }

    #[test]
    fn what_is_set_is_read_back_and_nothing_else_changes() {
        for kind in Kind::starters() {
            for (at, before) in kind.hyperparameters().into_iter().enumerate() {
                let value = match before.value {
                    Value::Count(n) => Value::Count(n + 3),
                    Value::Pair(Pair([a, b])) => Value::Pair(Pair([a + 1, b + 2])),
                    Value::Flag(flag) => Value::Flag(!flag),
                    Value::Number(number) => Value::Number(number + 0.25),
                };
                let mut changed = kind.clone();
                changed.set(Hyperparameter { value, ..before });
                assert_ne!(changed, kind);
                assert_eq!(changed.hyperparameters()[at], Hyperparameter { value, ..before });
                changed.set(Hyperparameter { name: "nothing", value });
                changed.set(before);
                let reads: Vec<Hyperparameter> = changed.hyperparameters();
                assert_eq!(reads, kind.hyperparameters());
            }
        }
    }

    #[test]
    fn a_pools_stride_follows_its_kernel_until_it_is_set() {
        let mut pool = Kind::starters().swap_remove(1);
        let stride = |kind: &Kind| {
            kind.hyperparameters().into_iter().find(|field| field.name == "stride").map(|field| field.value)
        };
        let pair = |n| Value::Pair(Pair::square(n));
        pool.set(Hyperparameter { name: "kernel", value: pair(3) });
        assert_eq!(stride(&pool), Some(pair(3)));
        pool.set(Hyperparameter { name: "stride", value: pair(1) });
        pool.set(Hyperparameter { name: "kernel", value: pair(2) });
        assert_eq!(stride(&pool), Some(pair(1)));
    }
}
