//! What a world counts.

use std::ops::AddAssign;

macro_rules! tally {
    ($($(#[doc = $doc:literal])+ $name:ident: $title:literal,)+) => {
        /// How often things happened.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Tally {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        impl Tally {
            /// Every count with its title.
            pub fn rows(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$(($title, self.$name)),+].into_iter()
            }
        }

        impl AddAssign<&Tally> for Tally {
            fn add_assign(&mut self, other: &Tally) {
                $(self.$name += other.$name;)+
            }
        }
    };
}

tally! {
    /// Simulated milliseconds.
    millis: "simulated milliseconds",
    /// Datagrams that somebody sent.
    datagrams: "datagrams sent",
    /// Datagrams that arrived at a room, a person or an adversary.
    arrived: "datagrams that arrived",
    /// Datagrams that the network lost.
    lost: "lost",
    /// Datagrams that the network doubled.
    doubled: "doubled",
    /// Datagrams that the network held back, so that later ones may overtake them.
    delayed: "held back",
    /// Datagrams of which the network changed some bytes.
    corrupted: "corrupted",
    /// Datagrams between two that were cut off from each other.
    cut_off: "cut off",
    /// Times that a person was cut off, in one direction or both.
    cuts: "times somebody was cut off",
    /// Reports that nobody is at an address.
    reports: "unreachable reports",
    /// Programs that died without a word.
    crashes: "crashes",
    /// People who came back from another address, their program running on.
    moves: "moves to another address",
    /// People who came back from the same address under another name.
    renames: "returns under another name",
    /// Rooms that died and were started again.
    restarts: "rooms that died",
    /// Rooms that closed in order and were opened again.
    closings: "rooms that closed",
    /// Members removed by the operator.
    kicks: "kicks",
    /// Datagrams of adversaries with a forged name or address.
    forged: "forged",
    /// Datagrams of adversaries that were sent before.
    replayed: "replayed",
    /// Datagrams of adversaries that flood.
    flooded: "flooded",
    /// Logins of adversaries with a victim's address.
    victims: "victims logged in",
    /// Datagrams of adversaries that are nearly valid.
    near_valid: "nearly valid",
    /// Lines that people said.
    said: "lines said by people",
    /// Lines that a room accepted, those of adversaries included.
    accepted: "lines accepted by rooms",
    /// Lines that people heard.
    heard: "deliveries to people",
    /// Lines of which it was checked that everybody heard them.
    all_heard: "lines that everybody had to hear, and did",
    /// Logins that rooms accepted.
    logins: "logins",
    /// Losses of the connection that clients noticed by themselves.
    noticed: "losses that clients noticed",
    /// People who were checked to be in at the end.
    back: "people who were in at the end",
    /// People of whom that was not asked, because a forged login had their name or address.
    exempt: "people kept out by a forged login, not asked to be in",
    /// Rooms that were checked to hold nobody but the living at the end.
    buried: "rooms without a ghost at the end",
}
