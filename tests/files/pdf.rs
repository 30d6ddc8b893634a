//! PDFs read by a reader that is not ours.

#[path = "../common/pdf.rs"]
pub mod reader;

use convstep::export::pdf::{Page, pdf};

const SVG: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='400' height='120' font-size='20'>\
    <rect width='400' height='120' fill='#fff'/>\
    <text x='10' y='30'>Sum 4.625 ≈ −1 ⊙ 卷积核</text>\
    <text x='10' y='60' font-weight='600'>Bold 梯度</text>\
    <text x='10' y='90' font-family=\"'Noto Sans CJK SC'\">0123</text></svg>";

#[test]
fn text_stays_text_in_all_scripts() {
    let bytes = pdf(&[Page { svg: SVG, size: None }], "Title").expect("a PDF");
    assert_eq!(reader::texts(&bytes), ["Sum 4.625 ≈ −1 ⊙ 卷积核\nBold 梯度\n0123"]);
    assert_eq!(reader::sizes(&bytes), [(300.0, 90.0)]);
    // Subsets, not the fonts.
    assert!(bytes.len() < 60_000, "{}", bytes.len());
    reader::look(&bytes, "fonts");
}

#[test]
fn the_same_pages_give_the_same_bytes_and_fonts_once() {
    let page = Page { svg: SVG, size: Some([595.0, 842.0]) };
    let make = |count: usize| pdf(&vec![page; count], "Title").expect("a PDF");
    assert_eq!(make(3), make(3));
    assert_eq!(reader::sizes(&make(3)), [(595.0, 842.0); 3]);
    // Another page adds what it draws, not another set of fonts.
    assert!(make(3).len() < make(1).len() * 3 / 2, "{} {}", make(1).len(), make(3).len());
}
