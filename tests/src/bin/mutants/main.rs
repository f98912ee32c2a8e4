//! Shows that the checks can fail: puts one fault after the other into a copy of `chat-core` and
//! says which check kills it. Only an assertion counts, not a time limit and not a fault that does
//! not compile.

mod list;
mod workshop;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use list::{CLIENT, Mutant, PARTS, SERVER};
use workshop::{CHECKS, Verdict, Workshop};

/// Puts faults into a copy of the state machine and says which check kills each.
#[derive(Debug, Parser)]
struct Args {
    /// Only the faults whose name contains this; may be repeated
    #[arg(long)]
    only: Vec<String>,
    /// Only five, one of each kind
    #[arg(long, conflicts_with = "only")]
    five: bool,
    /// Write the table to this file
    #[arg(long)]
    write: Option<PathBuf>,
}

/// One for each kind of harm: to who may speak, to what is sent, to what is freed, to what is
/// bounded, and to who comes back.
const FIVE: [&str; 5] = [
    "a member may speak under any name",
    "a speaker hears itself",
    "a name is not freed",
    "one member too many",
    "a client that the room forgot does not notice",
];

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("mutants: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether enough of them died.
fn run(args: &Args) -> Result<bool, String> {
    let chosen: Vec<&Mutant> = [SERVER, PARTS, CLIENT]
        .into_iter()
        .flatten()
        .filter(|mutant| is_chosen(args, mutant))
        .collect();
    if chosen.is_empty() {
        return Err("no fault has such a name".into());
    }
    let workshop = Workshop::new()?;
    if let Some(killed) = workshop
        .check()?
        .into_iter()
        .find(|verdict| *verdict != Verdict::Passed)
    {
        return Err(format!(
            "the checks do not pass without a fault: {killed:?}"
        ));
    }
    let mut table = header(&workshop.commit()?);
    println!("{table}");
    let mut survivors = Vec::new();
    for mutant in &chosen {
        let verdicts = workshop.with_fault(mutant, Workshop::check)?;
        let row = row(mutant, &verdicts);
        println!("{row}");
        table = format!("{table}\n{row}");
        if !verdicts.contains(&Verdict::Killed) {
            survivors.push(mutant.name);
        }
    }
    let died = chosen.len() - survivors.len();
    let summary = format!(
        "\n{died} of {} died. Survivors: {}.",
        chosen.len(),
        if survivors.is_empty() {
            "none".into()
        } else {
            survivors.join("; ")
        }
    );
    println!("{summary}");
    if let Some(path) = &args.write {
        fs::write(path, format!("{table}\n{summary}\n"))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(died * 100 >= chosen.len() * 95)
}

fn is_chosen(args: &Args, mutant: &Mutant) -> bool {
    if args.five {
        return FIVE.contains(&mutant.name);
    }
    args.only.is_empty()
        || args
            .only
            .iter()
            .any(|part| mutant.name.contains(part.as_str()))
}

fn header(commit: &str) -> String {
    let titles: Vec<&str> = CHECKS.iter().map(|check| check.title).collect();
    format!(
        "# Which check kills which fault\n\nMade by `cargo run -p chat-tests --bin mutants -- --write tests/MUTANTS.md` at commit `{commit}`. Only an \
         assertion that fails\ncounts; `hung` means that a time limit ended it.\n\n| fault | where | {} |\n|---|---|{}",
        titles.join(" | "),
        "---|".repeat(titles.len())
    )
}

fn row(mutant: &Mutant, verdicts: &[Verdict]) -> String {
    let cells: Vec<&str> = verdicts
        .iter()
        .map(|verdict| match verdict {
            Verdict::Passed => "",
            Verdict::Killed => "killed",
            Verdict::Hung => "hung",
        })
        .collect();
    format!(
        "| {} | `{}` | {} |",
        mutant.name,
        mutant.file,
        cells.join(" | ")
    )
}
