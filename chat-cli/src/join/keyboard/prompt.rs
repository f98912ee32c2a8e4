//! What stands in front of the line that is being typed, and then in front of every own line.

use std::cell::Cell;

use crate::clock::time_of_day;
use crate::join::screen::Palette;

/// As wide as it is drawn, so that what is typed begins where the lines of others do.
pub(super) const PROMPT: &str = "      > ";
/// What one's own lines are known by.
const MARK: &str = "> ";

/// The prompt, which becomes a time stamp when the line is complete.
#[derive(Debug)]
pub(super) struct Prompt {
    palette: Palette,
    complete: Cell<bool>,
}

impl Prompt {
    pub(super) fn new(palette: Palette) -> Self {
        Self {
            palette,
            complete: Cell::new(false),
        }
    }

    /// To be called before a drawing: whether it is the last one of this line.
    pub(super) fn set_complete(&self, complete: bool) {
        self.complete.set(complete);
    }

    /// As it is to be drawn now.
    pub(super) fn draw(&self) -> String {
        let mark = self.palette.prompt(MARK);
        if self.complete.get() {
            format!("{} {mark}", self.palette.dim(&time_of_day()))
        } else {
            PROMPT.replace(MARK, &mark)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complete_line_has_its_time_where_the_prompt_was() {
        let prompt = Prompt::new(Palette::plain());
        assert_eq!(prompt.draw(), PROMPT);
        prompt.set_complete(true);
        let complete = prompt.draw();
        let (time, mark) = complete.split_once(' ').expect("a time and the mark");
        assert_eq!(
            (time.len(), time.as_bytes().get(2), mark),
            (5, Some(&b':'), MARK)
        );
        assert_eq!(complete.len(), PROMPT.len());
        prompt.set_complete(false);
        assert_eq!(prompt.draw(), PROMPT);
    }
}
