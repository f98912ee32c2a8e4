//! What BENCHMARKS.md shows, made from what `chat bench --json` printed.

mod chart;
mod tables;

use serde::Deserialize;

pub use chart::chart;
pub use tables::{between_markers, tables};

/// One number of members, as far as it is shown.
#[derive(Debug, Deserialize)]
pub struct Report {
    /// How many members there were.
    pub members: u32,
    /// What was measured.
    pub servers: Vec<Server>,
    /// And how the one compares with the other.
    pub ratios: Vec<Ratio>,
}

/// All rounds of one server.
#[derive(Debug, Deserialize)]
pub struct Server {
    /// `server`, or that of a yardstick.
    pub name: String,
    /// How many datagrams did not arrive.
    pub lost: u64,
    /// Nanoseconds per datagram that arrived.
    pub cpu_ns_per_out: Cpu,
    /// Microseconds.
    pub latency_us: Latency,
}

/// CPU time: the median of the rounds, and its parts.
#[derive(Debug, Deserialize)]
pub struct Cpu {
    /// Of all rounds.
    pub median: f64,
    /// In the program.
    pub user: f64,
    /// In the kernel.
    pub system: f64,
}

/// Microseconds from the speaker to a listener.
#[derive(Debug, Deserialize)]
pub struct Latency {
    /// Half take longer.
    pub p50: f64,
    /// One in a hundred does.
    pub p99: f64,
    /// One in a thousand does.
    pub p99_9: f64,
}

/// CPU time of one against that of another.
#[derive(Debug, Deserialize)]
pub struct Ratio {
    /// What is compared,
    pub of: String,
    /// and with what.
    pub to: String,
    /// A quarter of the rounds lies below.
    pub low: f64,
    /// Half of the rounds lie below.
    pub median: f64,
    /// A quarter of the rounds lies above.
    pub high: f64,
    /// What is asked of the median.
    pub wanted: Option<Wanted>,
    /// Whether it is so.
    pub verdict: Option<String>,
}

/// What is asked of a ratio.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

/// The reports, one after the other.
///
/// # Errors
/// What is not what `chat bench --vs forwarder,naive --json` prints.
pub fn read(json: &str) -> Result<Vec<Report>, String> {
    let reports: Result<Vec<Report>, _> = serde_json::Deserializer::from_str(json)
        .into_iter()
        .collect();
    let reports = reports
        .map_err(|error| format!("this is not what `chat bench --vs … --json` prints: {error}"))?;
    if reports.is_empty() {
        return Err("there is no measurement in it".into());
    }
    Ok(reports)
}
