//! What a person types: something to say, or something for the program.

/// A line of the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typed<'a> {
    /// Nothing.
    Empty,
    /// To be said.
    Say(&'a str),
    /// `/help`
    Help,
    /// `/names`
    Names,
    /// `/quit`
    Quit,
    /// A command that there is not.
    Unknown(&'a str),
}

/// The commands, for completion.
#[cfg(feature = "line-editing")]
pub(crate) const COMMANDS: [&str; 3] = ["/help", "/names", "/quit"];

impl<'a> From<&'a str> for Typed<'a> {
    fn from(line: &'a str) -> Self {
        if line.is_empty() {
            return Self::Empty;
        }
        if line.starts_with("//") {
            return Self::Say(line.get(1..).unwrap_or_default());
        }
        if !line.starts_with('/') {
            return Self::Say(line);
        }
        match line.trim_end() {
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
    fn lines_are_said_and_commands_are_not() {
        for (line, typed) in [
            ("", Typed::Empty),
            ("  hello ", Typed::Say("  hello ")),
            ("//help", Typed::Say("/help")),
            ("///", Typed::Say("//")),
            (" /quit", Typed::Say(" /quit")),
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
