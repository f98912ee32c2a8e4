//! Everything that a server says in words: PROTOCOL.md, "Notices" and "Refusals".

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
    /// Every language there is.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// What stands behind the name in a notice that somebody came.
    pub(crate) fn joined(self) -> &'static str {
        match self {
            Self::English => "joined",
            Self::Chinese => "进入聊天室",
        }
    }

    /// What stands behind the name in a notice that somebody left.
    pub(crate) fn left(self) -> &'static str {
        match self {
            Self::English => "left",
            Self::Chinese => "退出聊天室",
        }
    }

    /// The name under which the operator speaks when nothing else was chosen: `admin`, `管理员`.
    pub fn operator(self) -> Name {
        Name::known(match self {
            Self::English => "admin",
            Self::Chinese => "管理员",
        })
    }

    /// What the operator asks a member whose address was reported unreachable.
    pub fn probe(self) -> Text<'static> {
        Text::known(match self {
            Self::English => "are you still there?",
            Self::Chinese => "你还在吗？",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_operator_is_called_and_says_passes_the_checks() {
        for language in Language::ALL {
            assert_eq!(
                Name::new(language.operator().as_str()),
                Ok(language.operator())
            );
            assert_eq!(Text::new(language.probe().as_str()), Ok(language.probe()));
        }
    }
}
