//! The words of notices and of the operator: PROTOCOL.md, "Notices" and "Rules of the server".

use crate::name::Name;
use crate::text::Text;

/// The language of notices and refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Language {
    /// `* bob joined`
    #[default]
    English,
    /// `* bob 进入聊天室`
    Chinese,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// Returns the words behind the name of a member that joined.
    pub(crate) fn joined(self) -> &'static str {
        match self {
            Self::English => "joined",
            Self::Chinese => "进入聊天室",
        }
    }

    /// Returns the words behind the name of a member that left.
    pub(crate) fn left(self) -> &'static str {
        match self {
            Self::English => "left",
            Self::Chinese => "退出聊天室",
        }
    }

    /// Returns the operator's default name: `admin`, `管理员`.
    pub fn operator(self) -> Name {
        let name = match self {
            Self::English => "admin",
            Self::Chinese => "管理员",
        };
        Name::new(name).expect("a test makes every operator's name")
    }

    /// Returns the operator's question to a member whose address the network reports unreachable.
    pub fn probe(self) -> Text<'static> {
        let question = match self {
            Self::English => "are you still there?",
            Self::Chinese => "你还在吗？",
        };
        Text::new(question).expect("a test makes every question")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_has_a_name_and_a_question_in_every_language() {
        for language in Language::ALL {
            assert!(!language.operator().as_str().is_empty());
            assert!(!language.probe().as_str().is_empty());
        }
    }
}
