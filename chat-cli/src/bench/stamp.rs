//! What a line of the measurement says: of which round it is and which one, so that every copy of
//! it is known.

/// How many bytes of text a stamp takes.
pub(super) const LEN: usize = 13;
/// Begins a stamp; no name and no notice holds it.
const MARK: u8 = b'#';
const ROUND_DIGITS: usize = 4;

/// The mark of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Which round, of all that this process drives.
    pub(super) round: u16,
    /// The how many'th line of the round, from 0.
    pub(super) line: u32,
}

impl Stamp {
    /// The text of the line, `size` bytes long (or [`LEN`] where that is more), in the place of
    /// what `text` held.
    pub(super) fn write(self, size: usize, text: &mut String) {
        text.clear();
        text.push(char::from(MARK));
        for digit in (0..ROUND_DIGITS).rev() {
            text.push(hex(u32::from(self.round) >> (4 * digit)));
        }
        for digit in (0..LEN - 1 - ROUND_DIGITS).rev() {
            text.push(hex(self.line >> (4 * digit)));
        }
        while text.len() < size {
            text.push('x');
        }
    }

    /// The stamp that a datagram of a server holds, however it spells a line.
    pub(super) fn read(datagram: &[u8]) -> Option<Self> {
        let mark = datagram.iter().position(|&byte| byte == MARK)?;
        let digits = datagram.get(mark + 1..mark + LEN)?;
        let (round, line) = digits.split_at_checked(ROUND_DIGITS)?;
        Some(Self {
            round: u16::try_from(number(round)?).ok()?,
            line: number(line)?,
        })
    }
}

/// The lowest four bits.
fn hex(bits: u32) -> char {
    char::from_digit(bits & 0xf, 16).unwrap_or('0')
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number: u32, &digit| {
        Some(number << 4 | char::from(digit).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_out_of_whatever_a_server_makes_of_the_line() {
        let mut text = String::new();
        for stamp in [
            Stamp { round: 0, line: 0 },
            Stamp {
                round: u16::MAX,
                line: u32::MAX,
            },
            Stamp {
                round: 0x12,
                line: 0xabc_def0,
            },
        ] {
            for size in [LEN, 40, 900] {
                stamp.write(size, &mut text);
                assert_eq!(text.len(), size);
                for line in [
                    format!("C m1 {text}"),
                    format!("\nm1说:{text}"),
                    text.clone(),
                ] {
                    assert_eq!(Stamp::read(line.as_bytes()), Some(stamp), "{line}");
                }
            }
        }
    }

    #[test]
    fn other_datagrams_hold_no_stamp() {
        for other in [
            "",
            "OK",
            "* m1 joined",
            "m1 : #",
            "m1 : #0000000g0000",
            "m1 : #00000000000",
        ] {
            assert_eq!(Stamp::read(other.as_bytes()), None, "{other}");
        }
    }
}
