//! Colours that can be read on dark and on light.

use std::io::IsTerminal;

use anstyle::{Ansi256Color, Style};

/// The colours of names, of the 256 that terminals have by number: each has a contrast of at least
/// 3 to black and to white (WCAG 2, the bound for large text), and they differ from each other.
const NAMES: [u8; 14] = [27, 28, 29, 30, 32, 63, 64, 94, 97, 131, 163, 165, 166, 197];

/// How things are drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette {
    colours: bool,
}

impl Palette {
    /// Colours where standard output is a terminal that has them and the user has not said
    /// `NO_COLOR`.
    pub(crate) fn of_standard_output() -> Self {
        let wanted = std::io::stdout().is_terminal() && !anstyle_query::no_color();
        Self {
            colours: wanted && anstyle_query::term_supports_color(),
        }
    }

    /// No colours anywhere.
    #[cfg(all(test, feature = "line-editing"))]
    pub(crate) fn plain() -> Self {
        Self { colours: false }
    }

    fn paint(self, style: Style, text: &str) -> String {
        if self.colours {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// Somebody's name: always in the same colour, in every room and on every day.
    pub(super) fn name(self, name: &str) -> String {
        let index = stable_hash(name) % NAMES.len() as u64;
        let colour = usize::try_from(index)
            .ok()
            .and_then(|index| NAMES.get(index));
        let style = Style::new().bold();
        self.paint(
            style.fg_color(colour.map(|&colour| Ansi256Color(colour).into())),
            name,
        )
    }

    /// One's own name.
    pub(super) fn own(self, name: &str) -> String {
        self.paint(Style::new().bold().underline(), name)
    }

    /// What is there in case somebody looks for it.
    pub(crate) fn dim(self, text: &str) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    /// What the program itself has to say.
    pub(super) fn remark(self, text: &str) -> String {
        self.paint(Style::new().italic(), text)
    }

    /// The place where lines are typed.
    #[cfg(feature = "line-editing")]
    pub(crate) fn prompt(self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }

    /// The text, with these parts of it (from and to, in bytes, in order) standing out.
    pub(super) fn mark(self, text: &str, parts: &[(usize, usize)]) -> String {
        let mut marked = String::with_capacity(text.len());
        let mut end = 0;
        for &(start, stop) in parts {
            marked.push_str(text.get(end..start).unwrap_or_default());
            let name = text.get(start..stop).unwrap_or_default();
            marked.push_str(&self.paint(Style::new().bold().invert(), name));
            end = stop;
        }
        marked.push_str(text.get(end..).unwrap_or_default());
        marked
    }
}

/// FNV-1a: the same on every machine and in every version, which the standard library does not
/// promise of its hash.
fn stable_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The brightness of one of the colours of the 6 × 6 × 6 cube, as WCAG 2 counts it.
    fn luminance(colour: u8) -> f64 {
        let cube = colour - 16;
        let channel = |level: u8| {
            let value = f64::from([0u8, 95, 135, 175, 215, 255][usize::from(level)]) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(cube / 36) + 0.7152 * channel(cube / 6 % 6) + 0.0722 * channel(cube % 6)
    }

    #[test]
    fn every_name_can_be_read_on_black_and_on_white() {
        for colour in NAMES {
            let light = luminance(colour);
            let (on_black, on_white) = ((light + 0.05) / 0.05, 1.05 / (light + 0.05));
            assert!(
                on_black >= 3.0 && on_white >= 3.0,
                "{colour}: {on_black:.2} on black, {on_white:.2} on white"
            );
        }
    }

    #[test]
    fn a_name_keeps_its_colour() {
        // The values that the authors of the hash publish.
        assert_eq!(stable_hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(stable_hash("foobar"), 0x8594_4171_f739_67e8);
        let palette = Palette { colours: true };
        assert_eq!(palette.name("bob"), palette.name("bob"));
        let colours: std::collections::BTreeSet<String> = ('a'..='z')
            .flat_map(|first| ('A'..='Z').map(move |second| format!("{first}{second}")))
            .map(|name| palette.name(&name).replace(&name, ""))
            .collect();
        assert_eq!(colours.len(), NAMES.len(), "some colour is never used");
    }

    #[test]
    fn without_colours_text_is_text() {
        let palette = Palette { colours: false };
        let marked = palette.mark("a bob b", &[(2, 5)]);
        assert_eq!(
            (palette.name("x"), marked),
            ("x".to_owned(), "a bob b".to_owned())
        );
        let palette = Palette { colours: true };
        assert_eq!(
            palette.mark("a bob b", &[(2, 5)]),
            "a \u{1b}[1m\u{1b}[7mbob\u{1b}[0m b"
        );
    }
}
