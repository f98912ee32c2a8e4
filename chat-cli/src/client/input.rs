//! The lines that a person types: text to say, or a command for the program.

/// The commands, for completion.
pub(super) const COMMANDS: [&str; 3] = ["/help", "/names", "/quit"];

/// A line that was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed<'a> {
    Empty,
    /// Text to say.
    Text(&'a str),
    Help,
    Names,
    Quit,
    /// A command that does not exist.
    Unknown(&'a str),
}

impl<'a> From<&'a str> for Typed<'a> {
    fn from(line: &'a str) -> Self {
        match line.trim_end() {
            _ if line.is_empty() => Self::Empty,
            _ if line.starts_with("//") => Self::Text(line.get(1..).unwrap_or_default()),
            _ if !line.starts_with('/') => Self::Text(line),
            "/help" => Self::Help,
            "/names" => Self::Names,
            "/quit" => Self::Quit,
            _ => Self::Unknown(line.split(char::is_whitespace).next().unwrap_or(line)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_begins_a_command_and_two_begin_text() {
        for (line, typed) in [
            ("", Typed::Empty),
            ("  hello ", Typed::Text("  hello ")),
            ("//help", Typed::Text("/help")),
            ("///", Typed::Text("//")),
            (" /quit", Typed::Text(" /quit")),
            ("/quit", Typed::Quit),
            ("/quit ", Typed::Quit),
            ("/names", Typed::Names),
            ("/help", Typed::Help),
            ("/", Typed::Unknown("/")),
            ("/quit now", Typed::Unknown("/quit")),
            ("/退出 好", Typed::Unknown("/退出")),
        ] {
            assert_eq!(Typed::from(line), typed, "{line:?}");
        }
    }
}
