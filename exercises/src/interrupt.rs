//! Ctrl-C and the signals that ask a program to end: noticed between two steps of the work, so that
//! what is half done can be tidied away.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::program::INTERRUPTED;

/// Whether the user wants the work to stop. Clones see the same.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

/// The work was asked to stop before it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("interrupted; what was not finished is removed")]
pub struct Interrupted;

impl Interrupt {
    /// One that Ctrl-C, SIGTERM and SIGHUP raise. The second time ends the program at once, should
    /// the work not notice the first.
    ///
    /// To be called once in a program; what goes wrong leaves the signals as they were, which ends
    /// the program at the first.
    pub fn on_signals() -> Self {
        let interrupt = Self::default();
        let raised = interrupt.clone();
        // A program that has a handler already is not one of ours: then nothing is lost but the
        // tidying.
        let _ = ctrlc::set_handler(move || {
            if raised.0.swap(true, Ordering::SeqCst) {
                process::exit(i32::from(INTERRUPTED));
            }
        });
        interrupt
    }

    /// For work that leaves nothing to tidy away: the same signals end the program at once, with
    /// the exit code for that.
    pub fn end_program_on_signals() {
        // Not where one of them is ignored, as `nohup` does it: a server is to outlive its terminal
        // then. What is not ignored ends the program in any case, with an exit code of the
        // system's.
        let _ = ctrlc::try_set_handler(|| process::exit(i32::from(INTERRUPTED)));
    }

    /// To be called between two steps of the work.
    pub fn check(&self) -> Result<(), Interrupted> {
        if self.0.load(Ordering::SeqCst) {
            Err(Interrupted)
        } else {
            Ok(())
        }
    }
}
