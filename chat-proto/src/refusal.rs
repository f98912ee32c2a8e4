//! Reasons for a refusal: PROTOCOL.md, "Refusals".

use crate::language::Language;
use crate::text::Reason;

/// A reason to answer `FAIL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Refusal {
    /// A login whose name is no [`Name`](crate::Name), or that holds more than a name.
    BadName,
    /// A login under a name that another address has.
    NameTaken,
    /// A login under the operator's name or another reserved one.
    Reserved,
    /// A login with a name, or from a network, that the operator has banned.
    Banned,
    /// A login into a full room, or from a network that has used up its share.
    RoomFull,
    /// A line from an address that has not logged in.
    NotLoggedIn,
    /// A line longer than [`MAX_TEXT`](crate::MAX_TEXT), or a datagram longer than
    /// [`MAX_DATAGRAM`](crate::MAX_DATAGRAM).
    TooLong,
    /// A line with a control character.
    ControlCharacter,
    /// A line under a name that the address did not log in with.
    NotYourName,
    /// More lines than the server takes from one member.
    TooFast,
}

impl Refusal {
    /// Every reason, in the order of the discriminants (`ALL[r as usize] == r`).
    pub const ALL: [Self; 10] = [
        Self::BadName,
        Self::NameTaken,
        Self::Reserved,
        Self::Banned,
        Self::RoomFull,
        Self::NotLoggedIn,
        Self::TooLong,
        Self::ControlCharacter,
        Self::NotYourName,
        Self::TooFast,
    ];

    /// Returns the words behind `FAIL ` in that language.
    pub fn reason(self, language: Language) -> Reason<'static> {
        let (english, chinese) = self.words();
        let words = match language {
            Language::English => english,
            Language::Chinese => chinese,
        };
        Reason::new(words).expect("a test makes every reason")
    }

    /// Returns the refusal that `reason` words in any language; `None` for other words.
    pub fn from_reason(reason: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| {
            let (english, chinese) = refusal.words();
            reason == english || reason == chinese
        })
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::BadName => ("bad name", "名字不合法"),
            Self::NameTaken => ("name taken", "名字已被使用"),
            Self::Reserved => ("reserved", "名字被保留"),
            Self::Banned => ("banned", "已被封禁"),
            Self::RoomFull => ("room full", "聊天室已满"),
            Self::NotLoggedIn => ("not logged in", "尚未登录"),
            Self::TooLong => ("too long", "内容太长"),
            Self::ControlCharacter => ("control character", "含有控制字符"),
            Self::NotYourName => ("not your name", "不是你的名字"),
            Self::TooFast => ("too fast", "说得太快"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_recognised_in_every_language() {
        for (index, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal as usize, index);
            for language in Language::ALL {
                let reason = refusal.reason(language);
                assert_eq!(Refusal::from_reason(reason.as_str()), Some(refusal));
            }
        }
        assert_eq!(Refusal::from_reason("because"), None);
    }
}
