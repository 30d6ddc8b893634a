//! What the colours of a layer stand for.

use super::subject::{Panel, Shown, Subject};
use crate::app::Scale;
use crate::trace::Pass;
use crate::ui::{
    colormap::{MapKind, Mapping},
    compared::Side,
    number,
    view::{Legend, View},
};

/// Says what the colours stand for: one legend for each kind of square.
pub fn set(view: &View, subject: &Subject) {
    let begun = subject.shown.iter().filter(|shown| shown.plane.is_begun());
    view.set_legends(begun.map(|shown| legend(view, subject, shown)).collect());
}

fn legend(view: &View, subject: &Subject, shown: &Shown) -> Legend {
    let is_alone = subject.shown.len() == 1;
    let mapping = shown.mapping(view, subject.image, None);
    if let Side::Difference(before) = &shown.side {
        return difference(view, mapping, before.changed.largest);
    }
    let legend = match shown.form {
        Some(form) if form.is_colored => {
            let reach = mapping.hi.abs().max(mapping.lo.abs());
            let words = view.text(if is_alone { "layer.grey_is_zero" } else { "layer.grey_short" });
            Legend::new(Mapping::gray(-reach, reach, mapping.dark), words)
        }
        Some(_) | None => scaled(view, shown, mapping, is_alone),
    };
    match (shown.panel, is_alone) {
        (Panel::Filters(_), _) => legend.named(view.text("layer.weights_of"), None),
        (_, true) => legend,
        (Panel::Values(_), false) => legend.named(view.text("layer.values_of"), Some(Pass::Fwd)),
        (Panel::Gradients(_), false) => legend.named(view.text("layer.gradients_of"), Some(Pass::Bwd)),
    }
}

/// Less and more than before.
fn difference(view: &View, mapping: Mapping, largest: f32) -> Legend {
    let goes_on = largest > mapping.hi;
    let more = goes_on.then(|| view.fill("layer.beyond", &[("value", &number::short(largest))]));
    let words = [Some(view.text("layer.more_than")), more].into_iter().flatten().collect::<Vec<_>>();
    let legend = Legend::new(mapping, words.join(" · ")).named(view.text("layer.less"), None);
    Legend { goes_on, ..legend }
}

/// The colours with what the chosen scale leaves out. Beside another legend that the scale is the layer's, as it is
/// unless another was chosen, is not said.
fn scaled(view: &View, shown: &Shown, mapping: Mapping, is_alone: bool) -> Legend {
    let legend = Legend::new(mapping, "");
    let largest = shown.summary.as_ref().map_or(0.0, |summary| summary.largest);
    let goes_on = largest > mapping.hi.abs().max(mapping.lo.abs());
    let more = goes_on.then(|| {
        let key = if mapping.kind == MapKind::Diverging { "layer.beyond" } else { "layer.more" };
        view.fill(key, &[("value", &number::short(largest))])
    });
    let scale = match view.state.view().scale {
        // Each map ends elsewhere.
        Scale::Map if !shown.plane.is_single() => {
            let least = if mapping.lo < 0.0 { view.text("layer.least_of_map") } else { "0".to_owned() };
            let ends = [least, view.text("layer.largest_of_map")];
            return Legend { ends, words: view.text("layer.scale_map"), ..legend };
        }
        Scale::Map | Scale::Layer | Scale::Largest => is_alone.then_some("layer.scale_layer"),
        Scale::Network => Some("layer.scale_network"),
    };
    let scale = scale.map(|key| view.text(key));
    let words = more.into_iter().chain(scale).collect::<Vec<_>>().join(" · ");
    Legend { goes_on, words, ..legend }
}
