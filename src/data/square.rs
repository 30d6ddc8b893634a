//! The shape of a picture whose number of pixels is all that is known.

#![deny(clippy::arithmetic_side_effects)]

/// (C, H, W) of a picture with this many pixels: a square of grey pixels, or of three planes.
pub(super) fn shape_of(pixels: usize) -> Option<[usize; 3]> {
    let square = |n: usize| {
        let side = n.isqrt();
        (side > 0 && side.checked_mul(side) == Some(n)).then_some(side)
    };
    let grey = square(pixels).map(|side| [1, side, side]);
    grey.or_else(|| {
        pixels.is_multiple_of(3).then(|| square(pixels / 3)).flatten().map(|side| [3, side, side])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_square() {
        assert_eq!(
            [1, 3, 12, 784, 3072].map(shape_of),
            [Some([1, 1, 1]), Some([3, 1, 1]), Some([3, 2, 2]), Some([1, 28, 28]), Some([3, 32, 32])]
        );
        assert_eq!([0, 2, 783, usize::MAX].map(shape_of), [None; 4]);
    }
}
