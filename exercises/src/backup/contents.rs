//! Whether two files hold the same.

use std::fs::File;
use std::io::{self, Read};

/// Bytes of each that are compared at a time.
const PIECE: u64 = 256 << 10;

/// Why two files were not compared to the end.
pub(super) enum CompareError<E> {
    /// The first cannot be read.
    First(io::Error),
    /// The second cannot be read.
    Second(io::Error),
    /// The caller did not want to go on.
    Stopped(E),
}

/// Compares what two files hold from where they stand. `between` is called after each piece, and
/// can stop the work.
pub(super) fn same_contents<E>(
    first: &mut File,
    second: &mut File,
    mut between: impl FnMut() -> Result<(), E>,
) -> Result<bool, CompareError<E>> {
    let (mut of_first, mut of_second) = (Vec::new(), Vec::new());
    loop {
        read_piece(first, &mut of_first).map_err(CompareError::First)?;
        read_piece(second, &mut of_second).map_err(CompareError::Second)?;
        if of_first != of_second {
            return Ok(false);
        }
        if of_first.is_empty() {
            return Ok(true);
        }
        between().map_err(CompareError::Stopped)?;
    }
}

fn read_piece(file: &mut File, piece: &mut Vec<u8>) -> io::Result<()> {
    piece.clear();
    file.take(PIECE).read_to_end(piece)?;
    Ok(())
}
