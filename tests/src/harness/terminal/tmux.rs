//! The same in `tmux`, where it is installed: a second opinion about what is seen.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::super::{PATIENCE, chat_binary, own_socket};
use super::{Home, ROWS, Seat, View, pty};

/// A program in a tmux server of its own.
pub struct Tmux {
    home: Home,
}

/// Stands before what tmux says about the window, behind what is seen.
const ABOUT: &str = "\u{1}about";

/// Runs a program and puts its exit code into a file: tmux itself forgets some. Ctrl-C is for the
/// program only.
const KEEP_EXIT_CODE: &str = r#"trap : INT; kept=$1; shift; "$@"; echo $? >"$kept""#;

impl Tmux {
    /// Starts `chat` with these arguments in a window of this width.
    ///
    /// # Errors
    /// A sentence that says why it cannot be done on this machine: a test then prints it with the
    /// word SKIPPED.
    ///
    /// # Panics
    /// When tmux is there and does not do what it is asked to.
    pub fn start_in(
        home: &Home,
        columns: u16,
        args: &[&str],
        default: SocketAddr,
    ) -> Result<Self, String> {
        let mut version = Command::new("tmux");
        let version = own_socket::start(version.arg("-V").stdout(Stdio::null()))
            .and_then(|mut child| child.wait());
        if !version.is_ok_and(|status| status.success()) {
            return Err("tmux is not installed".to_owned());
        }
        let tmux = Self { home: home.clone() };
        let mut command = tmux.command();
        home.furnish(&mut command, default);
        let (width, height) = (columns.to_string(), ROWS.to_string());
        command.env("TERM", "xterm-256color").env_remove("TMUX");
        // Without a status line, and with the window left open behind the program.
        command.args([
            "start-server",
            ";",
            "set-option",
            "-g",
            "status",
            "off",
            ";",
        ]);
        command.args(["set-option", "-g", "remain-on-exit", "on", ";"]);
        command.args(["set-option", "-g", "remain-on-exit-format", "", ";"]);
        command.args(["set-option", "-g", "default-terminal", "tmux-256color", ";"]);
        command.args(["new-session", "-d", "-x", &width, "-y", &height, "--"]);
        command
            .args(["sh", "-c", KEEP_EXIT_CODE, "sh"])
            .arg(tmux.exit_code());
        run(command.arg(chat_binary()).args(args));
        Ok(tmux)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("tmux");
        command
            .args(["-u", "-f", "/dev/null", "-S"])
            .arg(self.home.path().join("tmux"));
        command
    }

    /// The terminal that tmux gives the program.
    fn terminal(&self) -> File {
        let terminal = self.tell(&["display-message", "-p", "#{pane_tty}"]);
        File::open(terminal.trim()).expect("the window has a terminal")
    }

    fn exit_code(&self) -> PathBuf {
        self.home.path().join("exit-code")
    }

    fn tell(&self, arguments: &[&str]) -> String {
        let output = run(self.command().args(arguments));
        String::from_utf8(output.stdout).expect("tmux writes UTF-8")
    }

    /// What is seen now.
    pub fn view(&self) -> View {
        // All at one moment: lines with the scrolled ones, rows, and the cursor.
        let format = format!("{ABOUT} #{{cursor_y}} #{{cursor_x}} #{{window_width}}");
        let all = self.tell(&[
            "capture-pane",
            "-p",
            "-J",
            "-S",
            "-",
            ";",
            "display-message",
            "-p",
            ABOUT,
            ";",
            "capture-pane",
            "-p",
            ";",
            "display-message",
            "-p",
            &format,
        ]);
        let mut parts = all.split(ABOUT);
        let mut part = || parts.next().unwrap_or_default();
        let lines = |text: &str| {
            text.trim_matches('\n')
                .lines()
                .map(|line| line.trim_end().to_owned())
                .collect()
        };
        let (whole, rows, about) = (part(), part(), part());
        let numbers: Vec<usize> = about
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        let [row, column, columns] = numbers[..] else {
            panic!("tmux says no more than {all:?}");
        };
        View {
            columns: u16::try_from(columns).expect("a width"),
            lines: lines(whole),
            rows: lines(rows),
            cursor: (row, column),
        }
        .trimmed()
    }
}

/// Runs tmux, which must do what it is asked to.
fn run(command: &mut Command) -> Output {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = own_socket::start(command).and_then(|child| child.wait_with_output());
    let output = output.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output
}

/// Asks again and again until there is an answer.
fn wait_for<T>(ask: impl Fn() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    loop {
        let found = ask();
        if found.is_some() || started.elapsed() > PATIENCE {
            return found;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

impl Seat for Tmux {
    fn types(&mut self, text: &str) {
        let bytes: Vec<String> = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let mut arguments = vec!["send-keys", "-H"];
        arguments.extend(bytes.iter().map(String::as_str));
        self.tell(&arguments);
    }

    fn resize(&mut self, columns: u16) {
        self.tell(&[
            "resize-window",
            "-x",
            &columns.to_string(),
            "-y",
            &ROWS.to_string(),
        ]);
        // tmux draws at once, and tells the program some moments later: what that writes meanwhile
        // is for the old width.
        let told = || pty::columns(self.terminal()).is_ok_and(|told| told == columns);
        let told = wait_for(|| told().then_some(()));
        assert!(
            told.is_some(),
            "tmux does not tell the program that the window is {columns} columns wide"
        );
    }

    fn wait_until(&self, what: &str, fits: &dyn Fn(&View) -> bool) -> View {
        wait_for(|| Some(self.view()).filter(fits))
            .unwrap_or_else(|| panic!("{what} is not seen in tmux, but this:\n{}", self.view()))
    }

    fn expect_exit(&mut self, code: i32) {
        let read = || fs::read_to_string(self.exit_code()).ok();
        let found = wait_for(|| read().filter(|code| code.ends_with('\n')));
        let found = found.unwrap_or_else(|| panic!("the program does not end:\n{}", self.view()));
        assert_eq!(
            found.trim(),
            code.to_string(),
            "the exit code, after:\n{}",
            self.view()
        );
    }

    fn is_cooked(&self) -> bool {
        pty::is_cooked(self.terminal()).expect("a terminal can be asked")
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let mut command = self.command();
        command
            .arg("kill-server")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let _it_may_have_gone = own_socket::start(&mut command).and_then(|mut child| child.wait());
    }
}
