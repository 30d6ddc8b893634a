#!/usr/bin/env python3
"""Makes the font subsets in this folder from fonts that Debian packages.

    apt-get install fonts-noto-cjk fonts-inter fonts-dejavu-core
    pip install fonttools
    python3 make_subset.py [folder with the source fonts, searched recursively]

text.otf     Inter Regular: Latin, Greek, sub- and superscripts, arrows, operators
strong.otf   Inter SemiBold: the same characters, for headings
symbols.ttf  DejaVu Sans: the operators and signs that Inter lacks
digits.otf   Noto Sans CJK SC: digits and signs for numbers in cells, narrower than Inter's
cjk.otf      Noto Sans CJK SC: the 3,755 characters of GB 2312 level 1 and Chinese punctuation

The digits of the two Inter files are its tabular ones ("tnum"), so that a number
does not shift while it changes.
"""

import pathlib
import sys

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = pathlib.Path(__file__).resolve().parent

LATIN = (
    [chr(c) for c in range(0x20, 0x7F)]
    + [chr(c) for c in range(0xA0, 0x180)]
    + list("–—‘’“”†•…‹›€™′″‰\u2009\u202f\u200b")
)
GREEK = [chr(c) for c in range(0x391, 0x3CA) if c != 0x3A2] + list("ϕϵ")
MATH = list(
    "∂∑∏√∛∞∫≈≠≤≥≡±−×÷·∘∗∇∈∉∀∃∝∥⊙⊕⊗⟨⟩⌊⌋⌈⌉⋅⋯⋮ℓℒℝᵀ½⅓¼¾"
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ₀₁₂₃₄₅₆₇₈₉₊₋₌ᵢⱼₖ\u0302\u0304"
)
SIGNS = list(
    "←↑→↓↔↕↖↗↘↙⇐⇒⇔⇤⇥↵↺↻⟲⟳↦↪↩"
    "★☆✓✔✗✘✕✎▲▼◀▶△▽◁▷▴▾◂▸■□▪▫●○◆◇◌▮▯"
    "─│┌┐└┘├┤┬┴┼⌘⇧⌥⌃⌫⏎␣☰⚙⚠☀☾"
)
CJK_PUNCTUATION = list("、。·ˉ〃々〈〉《》「」『』〖〗【】（）［］｛｝，．：；！？％＋－＝＜＞／＼｜～＆＃＠＊＄￥＂＇＿｀　—…“”‘’")

# Characters of level 2 that the program's words use: cross-entropy is 交叉熵.
FURTHER = list("熵")


def gb2312_level_1():
    """Rows 16 to 55 of GB 2312, in order; the last row holds 89 characters."""
    found = []
    for row in range(16, 56):
        for cell in range(1, 95):
            try:
                found.append(bytes([0xA0 + row, 0xA0 + cell]).decode("gb2312"))
            except UnicodeDecodeError:
                pass
    assert len(found) == 3755, len(found)
    return found


def find(folders, name):
    for folder in folders:
        for path in sorted(pathlib.Path(folder).rglob(name)):
            return path
    sys.exit(f"{name}: not found below {', '.join(map(str, folders))}; install its package")


def tabular_digits(font):
    """Points the characters 0-9 at the glyphs of the tnum feature."""
    gsub = font["GSUB"].table
    swaps = {}
    for record in gsub.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for table in gsub.LookupList.Lookup[index].SubTable:
                    table = getattr(table, "ExtSubTable", table)
                    swaps.update(getattr(table, "mapping", {}))
    for table in font["cmap"].tables:
        if not table.isUnicode():
            continue
        for code, glyph in list(table.cmap.items()):
            if chr(code) in "0123456789" and glyph in swaps:
                table.cmap[code] = swaps[glyph]


def center_on_digits(font):
    """Makes lines of text exactly as high above the middle of the digits as below it."""
    height, middle = 1167, 733 // 2  # as high as the em box plus the usual gap; half of the digits
    above, below = height // 2 + middle, height // 2 - middle
    font["hhea"].ascent, font["hhea"].descent, font["hhea"].lineGap = above, -below, 0
    os2 = font["OS/2"]
    os2.sTypoAscender, os2.sTypoDescender, os2.sTypoLineGap = above, -below, 0
    os2.usWinAscent, os2.usWinDescent = above, below


def make(source, number, characters, target, features=(), change=None):
    options = subset.Options()
    options.font_number = number
    options.hinting = False
    options.desubroutinize = True
    options.layout_features = list(features)
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["vhea", "vmtx", "VORG", "GSUB", "BASE"]
    if not features:
        options.drop_tables += ["GPOS"]
    font = subset.load_font(str(source), options)
    if change:
        change(font)
    have = set(font.getBestCmap())
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[ord(c) for c in characters if ord(c) in have])
    subsetter.subset(font)
    font["head"].modified = font["head"].created  # the same bytes at every run
    font.recalcTimestamp = False
    subset.save_font(font, str(HERE / target), options)
    print(f"{target}: {len(font.getBestCmap())} characters, {(HERE / target).stat().st_size} bytes")
    return have


def main():
    folders = sys.argv[1:] + ["/usr/share/fonts"]
    inter = make(find(folders, "Inter-Regular.otf"), 0, LATIN + GREEK + MATH + SIGNS, "text.otf", ["kern"], tabular_digits)
    make(find(folders, "Inter-SemiBold.otf"), 0, LATIN + GREEK + MATH + SIGNS, "strong.otf", ["kern"], tabular_digits)
    lacking = [c for c in MATH + SIGNS + GREEK if ord(c) not in inter]
    dejavu = make(find(folders, "DejaVuSans.ttf"), 0, lacking, "symbols.ttf")
    nowhere = [c for c in lacking if ord(c) not in dejavu]
    if nowhere:
        print("in neither Inter nor DejaVu Sans:", " ".join(nowhere))
    noto = find(folders, "NotoSansCJK-Regular.ttc")
    make(noto, 2, list("0123456789−+.,eEaN "), "digits.otf", change=center_on_digits)
    make(noto, 2, gb2312_level_1() + FURTHER + CJK_PUNCTUATION, "cjk.otf")


if __name__ == "__main__":
    main()
