//! The fifteen animations of convolution arithmetic as presets: one convolution, or transposed convolution, of one map
//! with one filter, whose numbers are small enough to be followed by eye.
//!
//! Sizes, kernels, strides and paddings are those of V. Dumoulin and F. Visin, "A guide to convolution arithmetic for
//! deep learning" (arXiv:1603.07285), figures 2.1 to 2.7, 4.1 to 4.7 and 5.1, and of the animations beside it
//! (github.com/vdumoulin/conv_arithmetic). The 3x3 filter and the 5x5 picture are those of its figure 1.1.

use super::preset::Preset;
use crate::nn::init::Init;

/// The filter of figure 1.1.
const FILTER_3: &[f32] = &[0.0, 1.0, 2.0, 2.0, 2.0, 0.0, 0.0, 1.0, 2.0];

/// A filter of 4x4, for arbitrary padding.
#[rustfmt::skip]
const FILTER_4: &[f32] = &[
    0.0, 1.0, 2.0, 1.0,
    2.0, 2.0, 0.0, 0.0,
    0.0, 1.0, 2.0, 1.0,
    1.0, 0.0, 1.0, 2.0,
];

/// A preset of one layer: its name after `arithmetic-`, title, summary, the picture's side, filter, and the layer's lines
/// in an architecture file.
macro_rules! arithmetic {
    ($($name:literal, $title:literal, $summary:literal, $side:literal, $filter:ident, $layer:literal;)*) => {
        [$(Preset {
            name: concat!("arithmetic-", $name),
            title: $title,
            summary: $summary,
            init: Init::Zeros,
            filter: Some($filter),
            data: None,
            default_sample: concat!("arithmetic-", $side, "x", $side),
            text: concat!(
                "# ", $title, ", after Dumoulin & Visin's guide to convolution arithmetic.\n\n",
                "input = [1, ", $side, ", ", $side, "]\n\n",
                "[[layers]]\nname = \"conv1\"\nout_channels = 1\nbias = false\n", $layer, "\n\n",
                "[loss]\nkind = \"mse\"\n",
            ),
        }),*]
    };
}

/// All of them, in the order of the guide.
#[rustfmt::skip]
pub(super) const ARITHMETIC: [Preset; 15] = arithmetic! {
    "no_padding_no_strides", "No padding, stride 1", "A 3x3 window on 4x4: 2x2.",
        4, FILTER_3, "kind = \"conv2d\"\nkernel = 3";
    "arbitrary_padding_no_strides", "Padding 2, stride 1", "A 4x4 window on 5x5 with padding 2: 6x6.",
        5, FILTER_4, "kind = \"conv2d\"\nkernel = 4\npadding = 2";
    "same_padding_no_strides", "Half padding, stride 1", "A 3x3 window on 5x5 with padding 1: 5x5, as large as before.",
        5, FILTER_3, "kind = \"conv2d\"\nkernel = 3\npadding = 1";
    "full_padding_no_strides", "Full padding, stride 1", "A 3x3 window on 5x5 with padding 2: 7x7, larger than before.",
        5, FILTER_3, "kind = \"conv2d\"\nkernel = 3\npadding = 2";
    "no_padding_strides", "No padding, stride 2", "A 3x3 window on 5x5 with stride 2: 2x2.",
        5, FILTER_3, "kind = \"conv2d\"\nkernel = 3\nstride = 2";
    "padding_strides", "Padding 1, stride 2", "A 3x3 window on 5x5 with padding 1 and stride 2: 3x3.",
        5, FILTER_3, "kind = \"conv2d\"\nkernel = 3\nstride = 2\npadding = 1";
    "padding_strides_odd", "Padding 1, stride 2, odd", "The same on 6x6: 3x3 too, and the last row and column of the padding are never read.",
        6, FILTER_3, "kind = \"conv2d\"\nkernel = 3\nstride = 2\npadding = 1";
    "no_padding_no_strides_transposed", "No padding, stride 1, transposed", "Back from 2x2 to 4x4.",
        2, FILTER_3, "kind = \"conv_transpose2d\"\nkernel = 3";
    "arbitrary_padding_no_strides_transposed", "Padding 2, stride 1, transposed", "Back from 6x6 to 5x5.",
        6, FILTER_4, "kind = \"conv_transpose2d\"\nkernel = 4\npadding = 2";
    "same_padding_no_strides_transposed", "Half padding, stride 1, transposed", "Back from 5x5 to 5x5.",
        5, FILTER_3, "kind = \"conv_transpose2d\"\nkernel = 3\npadding = 1";
    "full_padding_no_strides_transposed", "Full padding, stride 1, transposed", "Back from 7x7 to 5x5.",
        7, FILTER_3, "kind = \"conv_transpose2d\"\nkernel = 3\npadding = 2";
    "no_padding_strides_transposed", "No padding, stride 2, transposed", "Back from 2x2 to 5x5: the picture is spread.",
        2, FILTER_3, "kind = \"conv_transpose2d\"\nkernel = 3\nstride = 2";
    "padding_strides_transposed", "Padding 1, stride 2, transposed", "Back from 3x3 to 5x5: the picture is spread.",
        3, FILTER_3, "kind = \"conv_transpose2d\"\nkernel = 3\nstride = 2\npadding = 1";
    "padding_strides_odd_transposed", "Padding 1, stride 2, odd, transposed",
        "Back from 3x3 to 6x6, by one more row and column of output padding.",
        3, FILTER_3, "kind = \"conv_transpose2d\"\nkernel = 3\nstride = 2\npadding = 1\noutput_padding = 1";
    "dilation", "Dilation 2", "A 3x3 window spread over 5x5, on 7x7: 3x3.",
        7, FILTER_3, "kind = \"conv2d\"\nkernel = 3\ndilation = 2";
};
