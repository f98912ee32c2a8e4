//! Markdown tables.

use std::fmt::Write;

use super::{Ratio, Report, Wanted};

const BEGIN: &str = "<!-- fan-out: begin -->\n";
const END: &str = "<!-- fan-out: end -->\n";

/// The tables of all reports.
#[must_use]
pub fn tables(reports: &[Report]) -> String {
    let mut text = String::from(
        "| members | server | CPU ns per datagram out | in the program | in the kernel | lost | latency µs: p50 | p99 | p99.9 |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for report in reports {
        for server in &report.servers {
            let (cpu, latency) = (&server.cpu_ns_per_out, &server.latency_us);
            let _ = writeln!(
                text,
                "| {} | {} | {:.0} | {:.0} | {:.0} | {} | {:.0} | {:.0} | {:.0} |",
                report.members,
                server.name,
                cpu.median,
                cpu.user,
                cpu.system,
                server.lost,
                latency.p50,
                latency.p99,
                latency.p99_9
            );
        }
    }
    text.push_str("\n| members | CPU per datagram out | median | half of the rounds | wanted | verdict |\n|---|---|---|---|---|---|\n");
    for report in reports {
        for ratio in &report.ratios {
            let _ = writeln!(text, "| {} | {}", report.members, row(ratio));
        }
    }
    text
}

fn row(ratio: &Ratio) -> String {
    let wanted = match ratio.wanted {
        None => String::new(),
        Some(Wanted::AtMost(bound)) => format!("at most {bound:.2}"),
        Some(Wanted::AtLeast(bound)) => format!("at least {bound:.2}"),
    };
    format!(
        "{} / {} | {:.3} | {:.3} to {:.3} | {wanted} | {} |",
        ratio.of,
        ratio.to,
        ratio.median,
        ratio.low,
        ratio.high,
        ratio.verdict.as_deref().unwrap_or_default()
    )
}

/// The document with these tables between its markers.
///
/// # Errors
/// When there are no markers.
pub fn between_markers(document: &str, tables: &str) -> Result<String, String> {
    let missing = || format!("the document lacks {} and {}", BEGIN.trim(), END.trim());
    let (before, rest) = document.split_once(BEGIN).ok_or_else(missing)?;
    let (_, behind) = rest.split_once(END).ok_or_else(missing)?;
    Ok(format!("{before}{BEGIN}\n{tables}\n{END}{behind}"))
}
