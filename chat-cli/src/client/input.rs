//! The lines that a person types: text to say, or a command for the program.

/// The commands, for completion.
pub(super) const COMMANDS: [&str; 5] = ["/help", "/ignore", "/names", "/quit", "/unignore"];

/// A line that was typed or pasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed<'a> {
    Empty,
    /// Text to say.
    Text(&'a str),
    Help,
    /// Hides a member or the notices, or shows them again; without a name, lists the hidden ones.
    Ignore {
        name: &'a str,
        hides: bool,
    },
    Names,
    Quit,
    /// A command that does not exist.
    Unknown(&'a str),
}

impl<'a> From<&'a str> for Typed<'a> {
    fn from(line: &'a str) -> Self {
        // A pasted line keeps its line feed, and is text.
        if let Some(pasted) = line.strip_suffix('\n') {
            return Self::Text(pasted);
        }
        let mut words = line.split_whitespace();
        let (command, name) = (words.next(), words.next().unwrap_or_default());
        match line.trim_end() {
            _ if line.is_empty() => Self::Empty,
            _ if line.starts_with("//") => Self::Text(line.get(1..).unwrap_or_default()),
            _ if !line.starts_with('/') => Self::Text(line),
            "/help" => Self::Help,
            "/names" => Self::Names,
            "/quit" => Self::Quit,
            _ if command == Some("/ignore") => Self::Ignore { name, hides: true },
            _ if command == Some("/unignore") => Self::Ignore { name, hides: false },
            _ => Self::Unknown(command.unwrap_or(line)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_begins_a_command_and_two_begin_text() {
        let ignore = |name, hides| Typed::Ignore { name, hides };
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
            ("/ignore", ignore("", true)),
            ("/ignore  老王 , please", ignore("老王", true)),
            ("/unignore joins ", ignore("joins", false)),
            ("/ignored bob", Typed::Unknown("/ignored")),
            ("/退出 好", Typed::Unknown("/退出")),
            ("/quit\n", Typed::Text("/quit")),
            ("// pasted \n", Typed::Text("// pasted ")),
            ("\n", Typed::Text("")),
        ] {
            assert_eq!(Typed::from(line), typed, "{line:?}");
        }
    }
}
