//! The same for people.

use std::fmt;

use comfy_table::{CellAlignment, Table, presets};

use super::{Ratio, Report, Server};
use crate::bench::statistics::{Verdict, Wanted};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pace = match (self.window, self.rate) {
            (_, Some(rate)) => format!("{rate} lines a second"),
            (window, None) => format!("{} lines on their way at once", window.unwrap_or_default()),
        };
        let cores = self.cores.map_or("not held to cores".into(), |cores| {
            format!(
                "driver on core {}, what it started on core {}",
                cores.driver, cores.server
            )
        });
        writeln!(
            f,
            "{} members, {} round{}, {} bytes of text, {pace}; {cores}",
            self.members,
            self.rounds,
            if self.rounds == 1 { "" } else { "s" },
            self.size
        )?;
        writeln!(f, "{}", servers(&self.servers))?;
        if !self.ratios.is_empty() {
            writeln!(f, "\n{}", ratios(&self.ratios))?;
        }
        Ok(())
    }
}

fn servers(servers: &[Server]) -> Table {
    let mut table = table(&[
        "server",
        "in/s",
        "out/s",
        "lost",
        "CPU ns/out",
        "user",
        "system",
        "p50 µs",
        "p99",
        "p99.9",
    ]);
    for server in servers {
        let cpu = |figure: fn(&super::Cpu) -> f64| {
            server
                .cpu_ns_per_out
                .as_ref()
                .map_or("–".into(), |cpu| whole(figure(cpu)))
        };
        table.add_row([
            server.name.clone(),
            whole(server.in_per_second),
            whole(server.out_per_second),
            server.lost.to_string(),
            cpu(|cpu| cpu.all.median),
            cpu(|cpu| cpu.user),
            cpu(|cpu| cpu.system),
            whole(server.latency_us.p50),
            whole(server.latency_us.p99),
            whole(server.latency_us.p99_9),
        ]);
    }
    align(table)
}

fn ratios(ratios: &[Ratio]) -> Table {
    let mut table = table(&[
        "CPU per datagram out",
        "median",
        "half of the rounds",
        "wanted",
        "verdict",
    ]);
    for ratio in ratios {
        let wanted = ratio.wanted.map_or("–".into(), |wanted| match wanted {
            Wanted::AtMost(bound) => format!("at most {bound:.2}"),
            Wanted::AtLeast(bound) => format!("at least {bound:.2}"),
        });
        let verdict = match ratio.verdict {
            None => "–",
            Some(Verdict::Met) => "met",
            Some(Verdict::Missed) => "missed",
            Some(Verdict::Inconclusive) => "inconclusive",
        };
        table.add_row([
            format!("{} / {}", ratio.of, ratio.to),
            format!("{:.3}", ratio.spread.median),
            format!("{:.3} to {:.3}", ratio.spread.low, ratio.spread.high),
            wanted,
            verdict.into(),
        ]);
    }
    align(table)
}

/// Blanks between columns: it can be read, and cut by other programs.
fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(head.iter().copied());
    table
}

/// Figures to the right, the first column to the left.
fn align(mut table: Table) -> Table {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn whole(figure: f64) -> String {
    format!("{figure:.0}")
}
