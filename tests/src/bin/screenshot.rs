//! Makes the pictures of the README anew, from the real program at a terminal: alice hosts a room,
//! others come, talk and go, while she is typing.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anstyle::{Ansi256Color, Effects, Style};
use chat_tests::harness::terminal::emulator::{Cell, Color, Flags, NamedColor, text_of};
use chat_tests::harness::terminal::keys::ENTER;
use chat_tests::harness::terminal::{Home, Terminal};
use chat_tests::harness::{Process, chat};

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../chat-cli/pictures");
    for columns in [60, 100] {
        let term = anstyle_svg::Term::new().palette(anstyle_svg::WIN10_CONSOLE);
        let term = term.min_width_px(usize::from(columns) * 42 / 5);
        let picture = term.render_svg(&screen(columns));
        fs::write(folder.join(format!("join-{columns}.svg")), picture)?;
    }
    Ok(())
}

/// Plays the conversation and returns alice's screen as text with escape sequences.
fn screen(columns: u16) -> String {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 8888));
    let mut alice = Terminal::start_shell(&Home::new(), columns, address);
    alice.sees("$");
    alice.types(&format!("chat join alice{ENTER}"));
    alice.sees("in the room at");
    alice.wait_until_lines_are_edited();
    let [mut bob, mut fang] = ["bob", "小芳"].map(|name| {
        let process = chat(&["join", name, "--server", &address.to_string()]);
        alice.sees(&format!("{name} joined"));
        process
    });
    let says = |person: &mut Process, text, alice: &Terminal| {
        person.write_line(text);
        alice.sees(text);
    };
    says(&mut bob, "hi everybody 👋", &alice);
    says(&mut fang, "吃了么？", &alice);
    alice.types(&format!("吃了，你们呢？{ENTER}"));
    fang.wait_for_text("吃了，你们呢？");
    says(&mut bob, "alice, does the café open at eight? ☕", &alice);
    alice.types("八点开门，一起去吧 🎉 see you th");
    alice.sees("see you th");
    // The picture has backgrounds apart from the text, and a browser's Chinese may be wider or
    // narrower than two columns: no mention is behind it, and the cursor is a character.
    let line = "我也去！这句话来的时候你正在打字，打的字一个也没有乱。";
    says(&mut fang, line, &alice);
    bob.close_stdin();
    bob.expect_exit(0);
    alice.sees("bob left");
    let view = alice.wait_until("the half-typed line at the end", |view| {
        view.last_line().ends_with("see you th")
    });
    let mut rows = alice.cells();
    rows[view.cursor.0][view.cursor.1].c = '█';
    rows.truncate(view.cursor.0 + 1);
    let mut text = String::new();
    for row in &rows {
        for run in row.chunk_by(|one, next| style(one) == style(next)) {
            let style = style(&run[0]);
            text += &format!("{style}{}{style:#}", text_of(run));
        }
        text.push('\n');
    }
    text
}

fn style(cell: &Cell) -> Style {
    let colour = |colour| match colour {
        Color::Named(named) if named as usize <= NamedColor::BrightWhite as usize => {
            Some(Ansi256Color(named as u8).into())
        }
        Color::Indexed(index) => Some(Ansi256Color(index).into()),
        Color::Named(_) | Color::Spec(_) => None,
    };
    let effects = [
        (Flags::BOLD, Effects::BOLD),
        (Flags::DIM, Effects::DIMMED),
        (Flags::ITALIC, Effects::ITALIC),
        (Flags::INVERSE, Effects::INVERT),
    ];
    let colours = Style::new().fg_color(colour(cell.fg));
    let colours = colours.bg_color(colour(cell.bg));
    let is_on = |(flag, _): &(Flags, Effects)| cell.flags.intersects(*flag);
    let effects = effects.into_iter().filter(is_on);
    effects.fold(colours, |style, (_, effect)| style | effect)
}
