//! How much CPU time a process has used.

use std::fs;
use std::time::Duration;

use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

use super::error::BenchError;

/// The clock of all threads of a process.
#[derive(Clone, Copy, Debug)]
pub(super) struct CpuClock {
    pid: u32,
    clock: ClockId,
}

/// What it said at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CpuTime {
    /// To the nanosecond.
    pub(super) total: Duration,
    /// Ticks of user time: coarse, good for a share over many rounds.
    pub(super) user: u64,
    /// Ticks of system time.
    pub(super) system: u64,
}

impl CpuClock {
    pub(super) fn of(pid: u32) -> Result<Self, BenchError> {
        let id = i32::try_from(pid).map_err(|_| Self::missing(pid)(nix::errno::Errno::ESRCH))?;
        let clock = clock_getcpuclockid(Pid::from_raw(id)).map_err(Self::missing(pid))?;
        Ok(Self { pid, clock })
    }

    pub(super) fn pid(self) -> u32 {
        self.pid
    }

    /// Exact only while the process sleeps: of a running one the kernel knows the last turn.
    pub(super) fn read(self) -> Result<CpuTime, BenchError> {
        let total = self.clock.now().map_err(Self::missing(self.pid))?;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        let (user, system) = ticks(&stat).unwrap_or_default();
        Ok(CpuTime {
            total: total.into(),
            user,
            system,
        })
    }

    fn missing(pid: u32) -> impl Fn(nix::errno::Errno) -> BenchError {
        move |error| BenchError::NoCpuTime {
            pid,
            error: error.into(),
        }
    }
}

impl CpuTime {
    /// Of both.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            total: self.total + other.total,
            user: self.user + other.user,
            system: self.system + other.system,
        }
    }

    /// What was used since `earlier`.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            total: self.total.saturating_sub(earlier.total),
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
        }
    }
}

/// User and system time out of `/proc/PID/stat`, whose second field may hold blanks and brackets.
fn ticks(stat: &str) -> Option<(u64, u64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ticks_are_found_behind_any_name() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 97 0 0 0 12 345 0 0 20 0 1 0 5";
        assert_eq!(ticks(stat), Some((12, 345)));
        assert_eq!(ticks(""), None);
    }

    #[test]
    fn a_process_that_works_uses_time_and_one_that_is_not_there_has_none() {
        let clock = CpuClock::of(std::process::id()).unwrap();
        let before = clock.read().unwrap();
        let mut sum = 0_u64;
        while clock.read().unwrap().since(before).total < Duration::from_millis(1) {
            sum = std::hint::black_box(sum + 1);
        }
        let error = CpuClock::of(u32::MAX).unwrap_err();
        assert!(error.to_string().contains("--pid"), "{error}");
    }
}
