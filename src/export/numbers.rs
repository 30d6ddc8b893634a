//! Numbers of a place as an array or a table: a tensor, a map of it, a cell; or the terms of a cell.

use super::ExportError;
use crate::model_io::weights::tensor_shape;
use crate::nn::{Layer, Part, optimizer::TRAINED};
use crate::tensor::Shape;
use crate::trace::{Address, CellFold, Grain, Operand, Owner, Place, Plan, TensorId, Trace};
use ndarray::{ArrayD, IxDyn};
use ndarray_npy::{NpzWriter, WriteNpyExt};
use std::io::Cursor;

/// Numbers with a name and extents.
#[derive(Clone, PartialEq, Debug)]
pub struct Array {
    /// The address without its pass, as in `conv1.k2`.
    pub name: String,
    /// The extents; none of a single number.
    pub shape: Vec<usize>,
    /// The numbers, the last axis fastest.
    pub values: Vec<f32>,
}

/// Numbers as a table with a row of names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// The names of the columns; none where the table is numbers only.
    pub head: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Array {
    /// The numbers of a layer, a map or a cell. An output is `[C, H, W]`, of a vector `[C]`, of several pictures at once
    /// with their number before; a parameter and its gradient have PyTorch's extents; a map is `[H, W]`.
    ///
    /// # Errors
    /// Where the address names more than one tensor.
    pub fn from_place(trace: &Trace, address: &Address) -> Result<Self, ExportError> {
        let plan = trace.plan();
        let shape = plan.shape_at(address);
        let (extents, first) = match address.grain() {
            Grain::Layer => (extents(plan, address, shape), 0),
            Grain::Channel => (shape.0[2..].to_vec(), address.cell()),
            Grain::Cell | Grain::Term => (Vec::new(), address.cell()),
            Grain::Run | Grain::Epoch | Grain::Batch | Grain::Example | Grain::Pass => {
                return Err(ExportError(format!(
                    "{}: expected a layer, a map or a cell, got more; for example, fwd/{}",
                    plan.text(address),
                    plan.network().layers.first().map_or("conv1", Layer::name)
                )));
            }
        };
        let count = extents.iter().product::<usize>() as u32;
        let values = (first..first + count).map(|cell| trace.finished(&address.with_cell(cell))).collect();
        Ok(Self { name: name(plan, address), shape: extents, values })
    }

    /// A NumPy file.
    ///
    /// # Errors
    /// If it is too large for one.
    pub fn npy(&self) -> Result<Vec<u8>, ExportError> {
        let mut bytes = Vec::new();
        self.array()?.write_npy(&mut bytes).map_err(|error| not_written(&error))?;
        Ok(bytes)
    }

    fn array(&self) -> Result<ArrayD<f32>, ExportError> {
        ArrayD::from_shape_vec(IxDyn(&self.shape), self.values.clone()).map_err(|error| not_written(&error))
    }

    /// A number in each cell, a line for each row of a map. Of several maps the columns before say which map and row it
    /// is; a vector has a number in each line.
    pub fn table(&self) -> Table {
        let width = if self.shape.len() < 2 { 1 } else { self.shape[self.shape.len() - 1] };
        let outer = self.shape.get(..self.shape.len().saturating_sub(1)).unwrap_or_default();
        let names: &[&str] = match outer.len() {
            0 | 1 => &[],
            2 => &["map", "row"],
            _ => &["out", "map", "row"],
        };
        let mut head: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        if !head.is_empty() {
            head.extend((0..width).map(|j| j.to_string()));
        }
        let rows = self.values.chunks(width.max(1)).enumerate().map(|(n, row)| {
            let mut rest = n;
            let mut places: Vec<String> = Vec::new();
            if !names.is_empty() {
                for extent in outer.iter().rev() {
                    places.insert(0, (rest % extent).to_string());
                    rest /= extent;
                }
            }
            places.extend(row.iter().map(f32::to_string));
            places
        });
        let rows = rows.collect();
        Table { head, rows }
    }
}

/// Several arrays as a NumPy archive, each under its name.
///
/// # Errors
/// If one is too large.
pub fn npz(arrays: &[Array]) -> Result<Vec<u8>, ExportError> {
    let mut npz = NpzWriter::new_compressed(Cursor::new(Vec::new()));
    for array in arrays {
        npz.add_array(array.name.as_str(), &array.array()?).map_err(|error| not_written(&error))?;
    }
    Ok(npz.finish().map_err(|error| not_written(&error))?.into_inner())
}

fn not_written(error: &dyn std::fmt::Display) -> ExportError {
    ExportError(format!("expected numbers that fit the file, got: {error}; choose fewer"))
}

impl Table {
    /// Comma-separated values.
    ///
    /// # Errors
    /// Never in memory.
    pub fn csv(&self) -> Result<Vec<u8>, ExportError> {
        self.separated(b',')
    }

    /// The same with tabs, as a spreadsheet takes it from the clipboard.
    ///
    /// # Errors
    /// Never in memory.
    pub fn tabs(&self) -> Result<String, ExportError> {
        let bytes = self.separated(b'\t')?;
        String::from_utf8(bytes).map_err(|error| not_written(&error))
    }

    fn separated(&self, delimiter: u8) -> Result<Vec<u8>, ExportError> {
        let mut writer =
            csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
        let head = Some(&self.head).filter(|head| !head.is_empty());
        for row in head.into_iter().chain(&self.rows) {
            writer.write_record(row).map_err(|error| not_written(&error))?;
        }
        writer.into_inner().map_err(|error| not_written(&error))
    }
}

/// The columns of [`terms`].
const COLUMNS: [&str; 7] = ["term", "a_from", "a", "b_from", "b", "product", "sum"];

/// The terms of a cell: where the operands come from, their values, the product, the running value after it.
pub fn terms(trace: &Trace, address: &Address) -> Result<Table, ExportError> {
    let fold = cell_of(trace, address)?;
    let from = |operand: &Operand| match operand {
        Operand::Cell { .. } => {
            trace.writer(operand).map_or_else(String::new, |writer| trace.plan().text(&writer))
        }
        Operand::Constant { name, .. } => (*name).to_owned(),
        Operand::Padding { .. } => "padding".to_owned(),
    };
    let rows = fold.steps.iter().enumerate().map(|(m, step)| {
        let mut row = vec![format!("m{m}")];
        for (operand, value) in step.term.operands.iter().zip(step.values) {
            let cells = operand.as_ref().map(|operand| [from(operand), value.to_string()]);
            row.extend(cells.unwrap_or_default());
        }
        row.push(step.product().map_or_else(String::new, |product| product.to_string()));
        row.push(step.after.to_string());
        row
    });
    let rows = rows.collect();
    Ok(Table { head: COLUMNS.map(str::to_owned).into(), rows })
}

/// The same as an array of four columns: a, b, product, running value; NaN where there is none.
///
/// # Errors
/// As for [`terms`].
pub fn terms_array(trace: &Trace, address: &Address) -> Result<Array, ExportError> {
    let fold = cell_of(trace, address)?;
    let values: Vec<f32> = fold
        .steps
        .iter()
        .flat_map(|step| {
            let [a, b] = [0, 1].map(|n| step.term.operands[n].map_or(f32::NAN, |_| step.values[n]));
            [a, b, step.product().unwrap_or(f32::NAN), step.after]
        })
        .collect();
    Ok(Array { name: name(trace.plan(), address), shape: vec![values.len() / 4, 4], values })
}

fn cell_of(trace: &Trace, address: &Address) -> Result<CellFold, ExportError> {
    let is_cell = matches!(address.grain(), Grain::Cell | Grain::Term);
    match address.place() {
        Place::Stage(_) if is_cell => Ok(trace.cell(&address.whole_cell())),
        Place::Stage(_) | Place::Given(_) => Err(ExportError(format!(
            "{}: expected a computed cell, got something else; for example, fwd/{}/k0/(0,0)",
            trace.plan().text(address),
            trace.plan().network().layers.first().map_or("conv1", Layer::name)
        ))),
    }
}

/// `conv1.k2` of `fwd/conv1/k2`; a gradient's part is in the name of its stage.
fn name(plan: &Plan, address: &Address) -> String {
    let text = plan.text(&plan.widen(address, Grain::Cell));
    let passes = ["fwd", "loss", "bwd", "update"];
    let is_time = |part: &str| part.starts_with('e') && part.contains(".b");
    let parts = text.split('/').filter(|part| !passes.contains(part) && !is_time(part));
    let name = parts.collect::<Vec<_>>().join(".");
    if name.is_empty() { text } else { name }
}

fn extents(plan: &Plan, address: &Address, shape: Shape) -> Vec<usize> {
    let tensor = match address.place() {
        Place::Stage(stage) => plan.stages()[stage as usize].tensor,
        Place::Given(tensor) => tensor,
    };
    if let Some(shape) = of_parameter(plan, tensor) {
        return shape;
    }
    let [n, c, h, w] = shape.0;
    let one = if (h, w) == (1, 1) { vec![c] } else { vec![c, h, w] };
    if n == 1 { one } else { std::iter::once(n).chain(one).collect() }
}

/// PyTorch's extents of a parameter, or of its gradient.
fn of_parameter(plan: &Plan, tensor: TensorId) -> Option<Vec<usize>> {
    let Owner::Layer(l) = tensor.owner else { return None };
    let layer = plan.layer(usize::from(l));
    let part: Part =
        TRAINED.iter().find(|trained| trained.grad == tensor.part).map_or(tensor.part, |own| own.param);
    let (part, shape) = layer.parameters().into_iter().find(|(own, _)| *own == part)?;
    Some(tensor_shape(layer, part, shape))
}
