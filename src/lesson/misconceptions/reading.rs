//! What rules read of a question: the cell that it asks for, its layer, the operands of its sum.

use crate::lesson::{
    answer::Answer,
    quantity::owner,
    query::{Function, Query},
    scene::Scene,
};
use crate::nn::{Layer, Op, Part, conv::Conv2d, dense::Dense, pool::Pool2d};
use crate::tensor::Shape;
use crate::trace::{Address, CellFold, Operand, Owner, Pass, Step, TensorId, TermOp};

/// A cell with the tensor that it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The network with its numbers.
    pub scene: &'a Scene,
    /// The cell.
    pub cell: Address,
    /// Its tensor.
    pub tensor: TensorId,
    /// Its number within the tensor of one image.
    pub index: usize,
    /// The pass that makes it; `None` for a given number.
    pub pass: Option<Pass>,
}

impl<'a> Asked<'a> {
    /// The cell whose number is asked for; `None` where another quantity is.
    pub fn number(scene: &'a Scene, query: &Query) -> Option<Self> {
        (query.function == Function::Value).then(|| Self::at(scene, query.place()?))?
    }

    /// The cell at a place.
    pub fn at(scene: &'a Scene, place: Address) -> Option<Self> {
        let cell = place.whole_cell();
        let (tensor, _, index) = scene.trace.tensor_cell(&cell)?;
        let pass = scene.plan().stage_at(&cell).map(|stage| stage.pass);
        Some(Self { scene, cell, tensor, index: index as usize, pass })
    }

    /// Whether it is of this part of a layer or the loss, made in this pass.
    pub fn is(&self, pass: Pass, part: Part) -> bool {
        self.pass == Some(pass) && self.tensor.part == part
    }

    /// Its layer's number and the layer.
    pub fn layer(&self) -> Option<(usize, &'a Layer)> {
        match self.tensor.owner {
            Owner::Layer(l) => Some((usize::from(l), self.scene.plan().layer(usize::from(l)))),
            Owner::Input | Owner::Loss => None,
        }
    }

    /// Its terms with their numbers.
    pub fn fold(&self) -> CellFold {
        self.scene.trace.cell(&self.cell)
    }

    /// Its number.
    pub fn right(&self) -> f64 {
        f64::from(self.scene.trace.finished(&self.cell))
    }

    /// Channel, row and column.
    pub fn position(&self) -> [usize; 3] {
        let [_, c, i, j] = self.shape().at(self.index);
        [c, i, j]
    }

    /// The shape of its tensor, of one image.
    pub fn shape(&self) -> Shape {
        self.scene.plan().shape_of(self.tensor)
    }

    /// Another cell of the same tensor, by its number.
    pub fn other(&self, index: usize) -> Address {
        self.cell.with_cell(self.cell.cell() - self.index as u32 + index as u32)
    }

    /// The cell of this number in another tensor of the same image; `None` where the plan has no such place.
    pub fn of(&self, tensor: TensorId, index: usize) -> Option<Self> {
        let plan = self.scene.plan();
        let place = plan.writer(tensor, self.cell.time(), self.cell.image(), index as u32);
        plan.has(&place).then(|| Self::at(self.scene, place))?
    }
}

/// The layer that a question about sizes and counts names, by its name or by one of its places.
pub(super) fn layer<'a>(scene: &'a Scene, query: &Query) -> Option<(usize, &'a Layer)> {
    let found = query.layer(scene).or_else(|| owner(scene, query.place()?))?;
    let layers = &scene.plan().network().layers;
    layers.iter().enumerate().find(|(_, layer)| std::ptr::eq(*layer, found))
}

/// Whether a question asks for one of these quantities.
pub(super) fn asks(query: &Query, functions: &[Function]) -> bool {
    functions.contains(&query.function)
}

/// A cell of a layer's output, by its number.
pub(super) fn output_cell(scene: &Scene, l: usize, index: usize) -> Option<Address> {
    let stage = scene.plan().stage_of(TensorId::layer(l, Part::Out))?;
    Some(Address::stage_cell(scene.trace.time(), 0, stage, index as u32))
}

/// The last cell of a layer's output.
pub(super) fn last_cell(scene: &Scene, l: usize) -> Option<Address> {
    let len: usize = scene.plan().layer(l).output.iter().product();
    output_cell(scene, l, len.checked_sub(1)?)
}

/// The convolution that a map comes from: that of layer `l` itself or the last one before it.
pub(super) fn convolution_before(scene: &Scene, l: usize) -> Option<(usize, &Conv2d)> {
    let layers = scene.plan().network().layers.get(..=l)?;
    layers.iter().enumerate().rev().find_map(|(l, layer)| match &layer.op {
        Op::Conv2d(conv) => Some((l, conv)),
        _ => None,
    })
}

/// A number as an answer.
pub(super) fn number(value: f64) -> Answer {
    Answer::value(value as f32)
}

/// A cell of a convolution's output taken apart.
pub(super) struct ConvSum<'a> {
    /// The cell.
    pub asked: Asked<'a>,
    /// The layer's number.
    pub layer: usize,
    /// The convolution.
    pub conv: &'a Conv2d,
    /// Its products: input and weight, over channel, row and column of the filter.
    pub products: Vec<Step>,
    /// What is added at the end.
    pub bias: f64,
}

impl<'a> ConvSum<'a> {
    /// Of the cell whose number is asked for.
    pub fn number(scene: &'a Scene, query: &Query) -> Option<Self> {
        Self::of(Asked::number(scene, query)?)
    }

    /// Of a cell.
    pub fn of(asked: Asked<'a>) -> Option<Self> {
        let (layer, found) = asked.layer()?;
        let Op::Conv2d(conv) = &found.op else { return None };
        if !asked.is(Pass::Fwd, Part::Out) {
            return None;
        }
        let mut products = asked.fold().steps;
        let ends = products.split_off(conv.filter_pixels().min(products.len()));
        let bias =
            ends.iter().filter(|step| step.term.op == TermOp::Add).map(|step| f64::from(step.values[0]));
        Some(Self { bias: bias.sum(), asked, layer, conv, products })
    }

    /// Channels that the filter reaches through.
    pub fn channels(&self) -> usize {
        self.conv.group_in()
    }

    /// The products of one channel.
    pub fn plane(&self, c: usize) -> &[Step] {
        let taps = self.conv.window.taps();
        &self.products[c * taps..(c + 1) * taps]
    }

    /// The sum of one channel's products.
    pub fn subtotal(&self, c: usize) -> f64 {
        self.plane(c).iter().map(product).sum()
    }

    /// The sum of all products.
    pub fn total(&self) -> f64 {
        self.products.iter().map(product).sum()
    }

    /// The cell's number with another sum, which is divided by so many pixels where the network divides.
    pub fn with(&self, sum: f64, pixels: usize) -> Answer {
        let divisor = if self.conv.normalize { pixels as f64 } else { 1.0 };
        number(sum / divisor + self.bias)
    }

    /// The same, divided by all its pixels where the network divides.
    pub fn with_sum(&self, sum: f64) -> Answer {
        self.with(sum, self.conv.filter_pixels())
    }

    /// The sum with another input for each product; `None` from `input` for what lies outside the picture.
    pub fn with_inputs(&self, input: impl Fn(&Step, [usize; 3]) -> f64) -> f64 {
        let of = |(m, step): (usize, &Step)| input(step, self.tap(m)) * f64::from(step.values[1]);
        self.products.iter().enumerate().map(of).sum()
    }

    /// Channel, row and column of the filter in product `m`.
    pub fn tap(&self, m: usize) -> [usize; 3] {
        let (taps, cols) = (self.conv.window.taps(), self.conv.window.cols.kernel);
        [m / taps, m % taps / cols, m % cols]
    }

    /// The number of the input cell at channel, row and column of the filter's group; 0 outside.
    pub fn input(&self, [c, p, q]: [usize; 3]) -> f64 {
        let [_, h, w] = self.asked.scene.plan().layer(self.layer).input;
        if p >= h || q >= w {
            return 0.0;
        }
        let group = self.asked.position()[0] / self.conv.group_out();
        let index = ((group * self.channels() + c) * h + p) * w + q;
        let trace = &self.asked.scene.trace;
        f64::from(trace.value(trace.plan().input_of(self.layer), self.asked.cell.image(), index as u32))
    }

    /// The first product that reads padding.
    pub fn first_padding(&self) -> Option<&Step> {
        self.products.iter().find(|step| is_padding(step))
    }

    /// The place of a product.
    pub fn term(&self, m: usize) -> Address {
        self.asked.cell.with_term(m as u32)
    }
}

/// The product of a step's two operands.
pub(super) fn product(step: &Step) -> f64 {
    f64::from(step.values[0]) * f64::from(step.values[1])
}

/// Whether a step reads padding.
pub(super) fn is_padding(step: &Step) -> bool {
    step.term.operands().any(|operand| matches!(operand, Operand::Padding { .. }))
}

/// A cell of a fully connected layer's output.
pub(super) fn dense<'a>(asked: &Asked<'a>) -> Option<(usize, &'a Dense)> {
    let (l, layer) = asked.layer()?;
    let Op::Dense(dense) = &layer.op else { return None };
    asked.is(Pass::Fwd, Part::Out).then_some((l, dense))
}

/// A cell of a max pool's output with the window that it was chosen from.
pub(super) struct PoolWindow<'a> {
    /// The cell.
    pub asked: Asked<'a>,
    /// The cells of its window that lie on the map, each with its number.
    pub cells: Vec<(Address, f64)>,
}

impl<'a> PoolWindow<'a> {
    /// Of a cell.
    pub fn of(asked: Asked<'a>) -> Option<Self> {
        let Op::MaxPool2d(_) = &asked.layer()?.1.op else { return None };
        if !asked.is(Pass::Fwd, Part::Out) {
            return None;
        }
        let trace = &asked.scene.trace;
        let read = |step: &Step| {
            let cell = trace.writer(step.term.operands[0].as_ref()?)?;
            Some((cell, f64::from(step.values[0])))
        };
        let cells = asked.fold().steps.iter().filter_map(read).collect();
        Some(Self { asked, cells })
    }

    /// How many of its numbers are not 0.
    pub fn nonzero(&self) -> usize {
        self.cells.iter().filter(|(_, number)| *number != 0.0).count()
    }

    /// The cell whose number goes on, the first of equals.
    pub fn winner(&self) -> Option<Address> {
        let right = self.asked.right();
        self.cells.iter().find(|(_, number)| *number == right).map(|(cell, _)| *cell)
    }
}

/// A cell of the gradient of a max pool's input with what came back to its windows.
pub(super) struct PoolGradient<'a> {
    /// The cell.
    pub asked: Asked<'a>,
    /// The pool.
    pub pool: &'a Pool2d,
    /// For each window that reads the cell: what came back to it, and whether the cell won it.
    pub windows: Vec<(f64, bool)>,
}

impl<'a> PoolGradient<'a> {
    /// Of the cell whose number is asked for.
    pub fn number(scene: &'a Scene, query: &Query) -> Option<Self> {
        Self::of(Asked::number(scene, query)?)
    }

    /// Of a cell.
    pub fn of(asked: Asked<'a>) -> Option<Self> {
        let (_, layer) = asked.layer()?;
        let Op::MaxPool2d(pool) = &layer.op else { return None };
        if !asked.is(Pass::Bwd, Part::Dx) {
            return None;
        }
        let window = |step: &Step| match step.term.op {
            TermOp::Route { own } => Some((f64::from(step.values[0]), step.values[1] == own as f32)),
            _ => None,
        };
        let windows: Vec<_> = asked.fold().steps.iter().filter_map(window).collect();
        Some(Self { asked, pool, windows })
    }

    /// All that came back to its windows.
    pub fn arrived(&self) -> f64 {
        self.windows.iter().map(|(dy, _)| dy).sum()
    }

    /// Whether it won a window.
    pub fn wins(&self) -> bool {
        self.windows.iter().any(|(_, won)| *won)
    }

    /// The cell of the pool's output that its first window makes.
    pub fn pooled(&self) -> Option<Address> {
        let (l, layer) = self.asked.layer()?;
        let [c, p, q] = self.asked.position();
        let [i, j] = self.pool.reader([p, q], [0, 0])?;
        let [_, h, w] = layer.output;
        output_cell(self.asked.scene, l, (c * h + i) * w + j)
    }
}

/// A cell of the gradient of an activation's input: what came back, and what decides how much of it goes on.
pub(super) struct Gate {
    /// The activation.
    pub activation: crate::nn::activation::Activation,
    /// What came back.
    pub arrived: f64,
    /// The activation's input or output, whichever its derivative is computed from.
    pub read: f64,
}

impl Gate {
    /// Of the cell whose number is asked for.
    pub fn number(scene: &Scene, query: &Query) -> Option<Self> {
        Self::of(Asked::number(scene, query)?)
    }

    /// Of a cell.
    pub fn of(asked: Asked) -> Option<Self> {
        let (_, layer) = asked.layer()?;
        let Op::Activation(activation) = layer.op else { return None };
        if !asked.is(Pass::Bwd, Part::Dx) {
            return None;
        }
        let [arrived, read] = asked.fold().steps.first()?.values.map(f64::from);
        Some(Self { activation, arrived, read })
    }
}
