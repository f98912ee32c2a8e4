//! A chart as SVG: CPU time per datagram out against the number of members.
//!
//! By hand: lines, marks and words are less code than a plotting library's setup, and the same
//! figures give the same bytes.

use std::fmt::Write;

use super::Report;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
/// Room for the axes.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 60.0;

/// What is drawn, under which name, and how.
const LINES: [(&str, &str, &str, &str); 3] = [
    ("naive", "a call for each", "#b35806", "2 4"),
    ("server", "chat serve", "#2166ac", "none"),
    ("forwarder", "bare forwarder", "#4d4d4d", "8 4"),
];

/// The chart of these reports.
#[must_use]
pub fn chart(reports: &[Report]) -> String {
    let most = costs(reports).fold(1.0, f64::max);
    let top = (most / 1_000.0).ceil() * 1_000.0;
    let members = |report: &Report| f64::from(report.members.max(1)).log10();
    let (first, last) = reports
        .iter()
        .map(members)
        .fold((f64::MAX, f64::MIN), |(low, high), it| {
            (low.min(it), high.max(it))
        });
    let x = |report: &Report| {
        LEFT + (members(report) - first) / (last - first).max(0.1) * (WIDTH - LEFT - RIGHT)
    };
    let y = |cost: f64| HEIGHT - BOTTOM - cost / top * (HEIGHT - TOP - BOTTOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <title>CPU time of a server per datagram out</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let mut word = |x: f64, y: f64, anchor: &str, text: &str| {
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
        );
    };
    word(
        LEFT,
        TOP - 18.0,
        "start",
        "CPU nanoseconds of the server per datagram out",
    );
    word(
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 15.0,
        "middle",
        "members (logarithmic)",
    );
    for report in reports {
        word(
            x(report),
            HEIGHT - BOTTOM + 20.0,
            "middle",
            &report.members.to_string(),
        );
    }
    let mut shapes = String::new();
    let mut step = 0.0;
    while step <= top {
        word(LEFT - 8.0, y(step) + 4.0, "end", &format!("{step:.0}"));
        let _ = writeln!(
            shapes,
            "<line x1=\"{LEFT:.1}\" x2=\"{:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"#cccccc\"/>",
            WIDTH - RIGHT,
            y(step),
            y(step)
        );
        step += 1_000.0;
    }
    for (place, (name, label, colour, dashes)) in LINES.into_iter().enumerate() {
        let points: Vec<(f64, f64)> = reports
            .iter()
            .filter_map(|report| Some((x(report), y(cost(report, name)?))))
            .collect();
        let line: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let _ = writeln!(
            shapes,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>",
            line.join(" ")
        );
        for (x, y) in &points {
            let _ = writeln!(
                shapes,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>"
            );
        }
        #[allow(clippy::cast_precision_loss)] // Three lines.
        let at = TOP + 24.0 * place as f64;
        let beside = WIDTH - RIGHT + 16.0;
        let _ = writeln!(
            shapes,
            "<line x1=\"{beside:.1}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>",
            beside + 24.0
        );
        word(beside + 30.0, at + 4.0, "start", label);
    }
    svg + &shapes + "</svg>\n"
}

/// What the servers of this name cost: the mean, where one ran twice.
fn cost(report: &Report, name: &str) -> Option<f64> {
    let again = format!("{name} again");
    let servers = report
        .servers
        .iter()
        .filter(|server| server.name == name || server.name == again);
    let costs: Vec<f64> = servers.map(|server| server.cpu_ns_per_out.median).collect();
    #[allow(clippy::cast_precision_loss)] // One or two.
    let count = costs.len() as f64;
    (!costs.is_empty()).then(|| costs.iter().sum::<f64>() / count)
}

fn costs(reports: &[Report]) -> impl Iterator<Item = f64> + '_ {
    let servers = reports.iter().flat_map(|report| &report.servers);
    servers.map(|server| server.cpu_ns_per_out.median)
}
