//! From the sums of the slices to the result: what each gives, the total, the bias, the cell itself; with texts that
//! add up as printed.

use super::conv_cell::ConvCell;
use super::sum::Sum;
use crate::nn::Part;
use crate::trace::Address;
use crate::ui::{
    colormap::Mapping,
    number,
    tensor_plane::TensorPlane,
    widgets::grid::{CellState, CellView},
};

/// A link of the chain from the sum to the result.
pub struct Link {
    /// What stands before it.
    pub sign: &'static str,
    /// What it is.
    pub name: String,
    /// Its number.
    pub cell: CellView,
    /// Its text, chosen together with those of the slices.
    pub text: Option<String>,
    /// Where it is.
    pub address: Option<Address>,
    /// Its colours.
    pub mapping: Mapping,
    /// Whether it is the current one.
    pub framed: bool,
}

/// The numbers of a sum as they are printed.
pub struct Chain {
    /// What each of the slices shown gives.
    pub given: Vec<(CellView, Option<String>)>,
    /// How many slices are not shown, and what they give together.
    pub more: Option<(usize, CellView, Option<String>)>,
    /// Total, division, bias, result.
    pub links: Vec<Link>,
}

/// The chain of a sum of which the slices `shown` are shown.
pub fn chain(conv_cell: &ConvCell, sum: &Sum, shown: &[usize]) -> Chain {
    let rest = sum.slices - shown.len();
    let mut chain = Chain {
        given: shown.iter().map(|&k| (sum.given(k), None)).collect(),
        more: (rest > 0).then(|| (rest, sum.rest(shown), None)),
        links: links(conv_cell, sum),
    };
    if conv_cell.done == conv_cell.terms {
        print(&mut chain, conv_cell.spec.normalize && conv_cell.is_output());
    }
    chain
}

/// Gives all numbers texts of as many decimals that what is printed adds up, if there are such.
fn print(chain: &mut Chain, divides: bool) {
    let given: Vec<f32> = chain.given.iter().map(|(cell, _)| cell.value).collect();
    let given: Vec<f32> = given.into_iter().chain(chain.more.iter().map(|more| more.1.value)).collect();
    let value = |link: Option<&Link>| link.map(|link| link.cell.value);
    let Some(result) = value(chain.links.last()) else { return };
    // Beyond a division the decimals are others.
    let (total, bias) = match (chain.links.len(), divides) {
        (1, _) => (None, None),
        (_, true) => (value(chain.links.first()), None),
        (_, false) => (value(chain.links.first()), value(chain.links.get(1))),
    };
    let all: Vec<f32> = given.iter().copied().chain(bias).collect();
    let end = if divides { total.unwrap_or(result) } else { result };
    let Some(least) = number::decimals_of(&all, end, 2) else { return };
    let whole = |decimals| number::adding_at(&all, end, decimals);
    let both = |decimals| {
        let total = total.filter(|_| !divides).map(|total| number::adding_at(&given, total, decimals));
        match total {
            Some(total) => Some((whole(decimals)?, Some(total?.1))),
            None => Some((whole(decimals)?, None)),
        }
    };
    let found = (least..=least + 2).find_map(both);
    let found = found.or_else(|| (least..=least + 3).find_map(|decimals| Some((whole(decimals)?, None))));
    let Some(((texts, end), total)) = found else { return };
    let mut texts = texts.into_iter();
    chain.given.iter_mut().for_each(|(_, text)| *text = texts.next());
    chain.more.iter_mut().for_each(|more| more.2 = texts.next());
    let count = chain.links.len();
    for (n, link) in chain.links.iter_mut().enumerate() {
        link.text = match n {
            0 if count > 1 && divides => Some(end.clone()),
            0 if count > 1 => total.clone(),
            1 if bias.is_some() => texts.next(),
            n if n + 1 == count && !divides => Some(end.clone()),
            _ => None,
        };
    }
}

/// From the sum to the result: the total, the division, the bias, the cell itself.
fn links(conv_cell: &ConvCell, sum: &Sum) -> Vec<Link> {
    let pixels = sum.pixels();
    let mapping = conv_cell.sum_mapping();
    let [_, o, i, j] = conv_cell.at;
    let (divides, adds) = match conv_cell.is_output() {
        true => (conv_cell.spec.normalize, conv_cell.has_bias),
        false => (false, false),
    };
    let is_marked = |m: usize| conv_cell.marked == Some(m as u32);
    let link = |sign, name: &str, cell, address, mapping, framed| Link {
        sign,
        name: conv_cell.view.text(name),
        cell,
        text: None,
        address,
        mapping,
        framed,
    };
    let mut links = Vec::new();
    if divides || adds {
        let address = Some(conv_cell.term(pixels - 1));
        links.push(link("Σ", "conv.total", conv_cell.running(pixels), address, mapping, false));
    }
    if divides {
        let cell = CellView::current(pixels as f32);
        links.push(link("÷", "conv.count", cell, None, conv_cell.neutral(), is_marked(pixels)));
    }
    if adds {
        let bias = TensorPlane::before_update(conv_cell.view, conv_cell.own(Part::Bias), o);
        let framed = is_marked(pixels + usize::from(divides));
        links.push(link("+", "conv.bias", bias.cell(0, 0), Some(bias.address(0, 0)), mapping, framed));
    }
    let plane = sum.result();
    // Between the sum and the last operation there is no such number yet, only in the cell the running one.
    let is_done = conv_cell.done == conv_cell.terms;
    let cell = if links.is_empty() || is_done { plane.cell(i, j) } else { CellView::not_yet() };
    let sign = if links.is_empty() { "Σ" } else { "=" };
    let framed = is_done && cell.state == CellState::Current && conv_cell.marked.is_none();
    links.push(link(sign, "conv.result", cell, Some(plane.address(i, j)), plane.mapping(), framed));
    links
}
