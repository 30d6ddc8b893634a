//! A network as assignments to variables: which each layer reads and which it sets.
//!
//! A chain needs one variable, `x`. An output that is not read by the next layer alone has a variable of its own.

use crate::nn::{Layer, Network, Op, Source};

/// What a layer reads or makes.
#[derive(Clone, Debug)]
pub struct Value {
    /// Its variable.
    pub name: String,
    /// Whether it is (N, F) in PyTorch and Keras, where a volume has four axes.
    pub is_vector: bool,
    /// Its extents [C, H, W].
    pub extents: [usize; 3],
}

/// One layer's assignment.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// The layer.
    pub layer: &'a Layer,
    /// Its name as an identifier, unlike all others.
    pub name: String,
    /// What it reads.
    pub inputs: Vec<Value>,
    /// What it sets.
    pub output: Value,
}

/// A network as assignments.
#[derive(Debug)]
pub struct Flow<'a> {
    /// The picture.
    pub picture: Value,
    /// The layers in their order.
    pub steps: Vec<Step<'a>>,
    /// How many times each layer's output is read, after the picture.
    reads: Vec<usize>,
}

/// Names that the programs use themselves, that Python has, or that a module of PyTorch has.
const TAKEN: &str = "x dx d w b y z p g m v n i j at lr F np nn sys math torch keras layers self net model cache target \
    loss scores pixels picture inputs outputs path weights arrays read forward backward load preprocess update window \
    False None True and as assert async await break class continue def del elif else except finally for from global \
    if import in is lambda nonlocal not or pass raise return try while with yield \
    add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval extra_repr \
    float get_buffer get_parameter get_submodule half ipu load_state_dict modules mtia named_buffers named_children \
    named_modules named_parameters parameters register_buffer register_module register_parameter requires_grad_ \
    share_memory state_dict to to_empty train training type xpu zero_grad";

/// A name as an identifier of Python that is neither taken nor among `others`.
fn identifier(name: &str, others: &[String]) -> String {
    let mut id: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !id.starts_with(|c: char| c.is_ascii_alphabetic()) {
        id.insert_str(0, "layer_");
    }
    while TAKEN.split_whitespace().any(|taken| taken == id) || others.contains(&id) {
        id.push('_');
    }
    id
}

/// Whether a layer's output is (N, F) in PyTorch and Keras, where those of its inputs are as told.
pub fn makes_vector(layer: &Layer, inputs: &[bool]) -> bool {
    match &layer.op {
        Op::Flatten | Op::Dense(_) => true,
        Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Resample2d(_)
        | Op::LocalResponseNorm(_) => false,
        Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::Activation(_)
        | Op::PRelu(_)
        | Op::Dropout { .. }
        | Op::Softmax
        | Op::Add
        | Op::Multiply
        | Op::Concat => inputs.iter().all(|&is_vector| is_vector),
    }
}

impl<'a> Flow<'a> {
    /// The assignments of a network.
    pub fn new(network: &'a Network) -> Self {
        let count = network.layers.len();
        let mut readers: Vec<Vec<usize>> = vec![Vec::new(); count + 1];
        for (l, layer) in network.layers.iter().enumerate() {
            layer.sources.iter().for_each(|source| readers[source.place()].push(l));
        }
        // The variable x holds what the next layer alone reads.
        let is_passed_on = |place: usize| readers[place] == [place] || place == count;
        let name = if is_passed_on(0) { "x" } else { "picture" };
        let picture = Value { name: name.to_owned(), is_vector: false, extents: network.input };
        let (mut steps, mut names): (Vec<Step<'a>>, Vec<String>) = (Vec::new(), Vec::new());
        for (l, layer) in network.layers.iter().enumerate() {
            let value = |source: &Source| match source.layer() {
                None => picture.clone(),
                Some(before) => steps[before].output.clone(),
            };
            let inputs: Vec<Value> = layer.sources.iter().map(value).collect();
            let are_vectors: Vec<bool> = inputs.iter().map(|value| value.is_vector).collect();
            let name = identifier(layer.name(), &names);
            names.push(name.clone());
            let output = Value {
                name: if is_passed_on(l + 1) { "x".to_owned() } else { name.clone() },
                is_vector: makes_vector(layer, &are_vectors),
                extents: layer.output,
            };
            steps.push(Step { layer, name, inputs, output });
        }
        let reads = readers.iter().map(Vec::len).collect();
        Self { picture, steps, reads }
    }

    /// The variable of the last layer's output.
    pub fn last(&self) -> &Value {
        self.steps.last().map_or(&self.picture, |step| &step.output)
    }

    /// Whether the value of this variable is read more than once, so that its gradients are added up.
    pub fn is_shared(&self, value: &Value) -> bool {
        let named = self.steps.iter().position(|step| step.output.name == value.name);
        let place = if value.name == self.picture.name { Some(0) } else { named.map(|l| l + 1) };
        value.name != "x" && place.is_some_and(|place| self.reads[place] > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_io::Architecture;

    #[test]
    fn a_chain_has_one_variable_and_a_branch_its_own() {
        let text = r#"
            input = [1, 4, 4]
            [[layers]]
            name = "a.0"
            kind = "relu"
            [[layers]]
            name = "class"
            kind = "relu"
            [[layers]]
            name = "sum"
            kind = "add"
            inputs = ["a.0", "class"]
            [[layers]]
            name = "fc"
            kind = "dense"
            out_features = 2
        "#;
        let network = Architecture::parse(text).and_then(|a| a.build()).expect("valid");
        let flow = Flow::new(&network);
        let written: Vec<String> = flow
            .steps
            .iter()
            .map(|step| {
                let inputs: Vec<&str> = step.inputs.iter().map(|value| value.name.as_str()).collect();
                format!("{} = {}({})", step.output.name, step.name, inputs.join(", "))
            })
            .collect();
        assert_eq!(written, ["a_0 = a_0(x)", "x = class_(a_0)", "x = sum(a_0, x)", "x = fc(x)"]);
        assert!(flow.is_shared(&flow.steps[0].output) && !flow.is_shared(&flow.steps[1].output));
        assert!(!flow.steps[2].output.is_vector && flow.last().is_vector);
    }
}
