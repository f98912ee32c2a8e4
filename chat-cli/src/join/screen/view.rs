//! Lines for a person at a terminal: when, who, what.

use std::io;

use chat_core::Timestamp;
use chat_core::proto::{Language, Name};

use super::crowd::{Crowd, Held, Notice};
use super::palette::Palette;
use super::paper::Paper;
use super::{Look, Shown};
use crate::clock::time_of_day;
use crate::join::event::without_ends;
use crate::join::mention;
use crate::messages::{Noticed, notice};
use crate::platform::safe_text::SafeText;

/// What rings.
const BELL: &str = "\x07";

pub(super) struct View {
    language: Language,
    bell: bool,
    own: Name,
    palette: Palette,
    paper: Paper,
    crowd: Crowd,
}

impl View {
    pub(super) fn new(look: Look, own: Name) -> Self {
        Self {
            language: look.language,
            bell: look.bell,
            own,
            palette: Palette::of_standard_output(),
            paper: Paper::Plain,
            crowd: Crowd::default(),
        }
    }

    pub(super) fn draw_on(&mut self, paper: Paper) {
        self.paper = paper;
    }

    pub(super) fn show(&mut self, now: Timestamp, shown: &Shown<'_>) -> io::Result<()> {
        match *shown {
            Shown::Said { name, text } => {
                // Who speaks has come before.
                self.show_crowd()?;
                let line = self.said(name, text);
                self.draw(&line)
            }
            Shown::Joined { name } => self.notice(now, Notice::Came(name)),
            Shown::Left { name } => self.notice(now, Notice::Went(name)),
            Shown::Unparsed { text } => {
                self.show_crowd()?;
                self.draw(SafeText::for_terminal(without_ends(text)).as_str())
            }
            _ => Ok(()),
        }
    }

    /// A remark of the program.
    pub(super) fn remark(&mut self, line: &SafeText) {
        let line = line.as_str();
        for line in line.lines() {
            // Nothing can be done where the terminal is gone.
            let _gone = self.paper.remark(&self.palette.remark(line));
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        self.crowd.poll_timeout()
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp) -> io::Result<()> {
        match self.poll_timeout() {
            Some(due) if due <= now => self.show_crowd(),
            _ => Ok(()),
        }
    }

    fn notice(&mut self, now: Timestamp, notice: Notice) -> io::Result<()> {
        match self.crowd.notice(now, notice) {
            Some(notice) => self.noticed(&Noticed::One(notice)),
            None => Ok(()),
        }
    }

    fn show_crowd(&mut self) -> io::Result<()> {
        match self.crowd.take() {
            None => Ok(()),
            Some(Held::Few(notices)) => notices
                .into_iter()
                .try_for_each(|notice| self.noticed(&Noticed::One(notice))),
            Some(Held::Many { came, went }) => self.noticed(&Noticed::Many {
                came: &came,
                went: &went,
            }),
        }
    }

    fn noticed(&mut self, noticed: &Noticed<'_>) -> io::Result<()> {
        let line = notice(noticed, self.language).to_string();
        let line = self.palette.dim(SafeText::for_terminal(&line).as_str());
        self.draw(&line)
    }

    fn said(&self, name: Name, text: &str) -> String {
        let who = SafeText::for_terminal(name.as_str());
        let text = SafeText::for_terminal(text);
        if name == self.own {
            // Some servers send one's own lines back.
            return format!("{} : {text}", self.palette.own(who.as_str()));
        }
        let who = self.palette.name(who.as_str());
        let mentions = mention::places(text.as_str(), self.own.as_str());
        let bell = if self.bell && !mentions.is_empty() {
            BELL
        } else {
            ""
        };
        format!(
            "{bell}{who} : {}",
            self.palette.mark(text.as_str(), &mentions)
        )
    }

    fn draw(&mut self, line: &str) -> io::Result<()> {
        let line = format!("{} {line}", self.palette.dim(&time_of_day()));
        self.paper.draw(&line)
    }
}
