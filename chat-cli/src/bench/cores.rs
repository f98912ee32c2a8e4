//! Which core the server has and which the driver, so that neither takes time away from the other.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::Serialize;

/// Two cores that this process may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Cores {
    /// Of the driver.
    pub(super) driver: usize,
    /// Of whichever server is driven; the others sleep.
    pub(super) server: usize,
}

impl Cores {
    /// Takes the driver's core for this thread. `None` where there is only one core, or where that
    /// is not allowed: then the scheduler does what it likes.
    pub(super) fn take() -> Option<Self> {
        let allowed = sched_getaffinity(None).ok()?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|&core| allowed.is_set(core));
        let (driver, server) = (cores.next()?, cores.next()?);
        pin(driver).then_some(Self { driver, server })
    }

    /// Does this on the server's core: a process that is started so keeps to it with all its
    /// threads.
    pub(super) fn on_the_servers<T>(cores: Option<Self>, start: impl FnOnce() -> T) -> T {
        let moved = cores.filter(|cores| pin(cores.server));
        let started = start();
        if let Some(cores) = moved {
            pin(cores.driver);
        }
        started
    }
}

fn pin(core: usize) -> bool {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).is_ok()
}
