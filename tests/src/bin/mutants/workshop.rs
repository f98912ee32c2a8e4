//! A copy of the project in which faults are made and the checks are run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::list::Mutant;

/// A check: a test binary, as cargo names it while it runs.
#[derive(Debug)]
pub(crate) struct Check {
    /// As a column of the table.
    pub(crate) title: &'static str,
    arguments: &'static [&'static str],
}

/// Everything that may kill a fault.
pub(crate) const CHECKS: [Check; 5] = [
    Check {
        title: "unit tests",
        arguments: &["-p", "chat-core", "--lib"],
    },
    Check {
        title: "rules",
        arguments: &["-p", "chat-core", "--test", "rules"],
    },
    Check {
        title: "model of the room",
        arguments: &["-p", "chat-tests", "--test", "room_model"],
    },
    Check {
        title: "model of the client",
        arguments: &["-p", "chat-tests", "--test", "client_model"],
    },
    Check {
        title: "simulation",
        arguments: &["-p", "chat-tests", "--test", "simulation"],
    },
];

/// After so long a check hangs.
const PATIENCE: Duration = Duration::from_secs(240);

/// What a check said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It noticed nothing.
    Passed,
    /// An assertion failed.
    Killed,
    /// It did not end.
    Hung,
}

/// The copy. It goes away with this value.
#[derive(Debug)]
pub(crate) struct Workshop {
    project: PathBuf,
    copy: PathBuf,
}

impl Workshop {
    /// Copies what git knows of the project, as it is in the work tree.
    pub(crate) fn new() -> Result<Self, String> {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let copy = std::env::temp_dir().join(format!("chat-mutants-{}", std::process::id()));
        let workshop = Self { project, copy };
        for file in workshop.git(&["ls-files"])?.lines() {
            let (from, to) = (workshop.project.join(file), workshop.copy.join(file));
            if !from.is_file() {
                continue;
            }
            let folder = to.parent().ok_or("a file without a folder")?;
            fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            fs::copy(&from, &to).map_err(|error| format!("{}: {error}", from.display()))?;
        }
        Ok(workshop)
    }

    /// At which commit the project is, and whether it was changed since.
    pub(crate) fn commit(&self) -> Result<String, String> {
        let commit = self.git(&["rev-parse", "--short=12", "HEAD"])?;
        let changed = !self
            .git(&[
                "status",
                "--porcelain",
                "--untracked-files=no",
                "chat-core",
                "chat-proto",
            ])?
            .is_empty();
        Ok(format!(
            "{}{}",
            commit.trim(),
            if changed { " (with changes)" } else { "" }
        ))
    }

    fn git(&self, arguments: &[&str]) -> Result<String, String> {
        let done = Command::new("git")
            .current_dir(&self.project)
            .args(arguments)
            .output();
        let done = done.map_err(|error| format!("cannot run git: {error}"))?;
        String::from_utf8(done.stdout).map_err(|error| format!("git {arguments:?}: {error}"))
    }

    /// Puts a fault in, does something, and takes it out again.
    pub(crate) fn with_fault<T>(
        &self,
        mutant: &Mutant,
        work: impl FnOnce(&Self) -> Result<T, String>,
    ) -> Result<T, String> {
        let path = self.copy.join("chat-core/src").join(mutant.file);
        let io = |error| format!("{}: {error}", path.display());
        let sound = fs::read_to_string(&path).map_err(io)?;
        let places = sound.matches(mutant.find).count();
        if places != 1 {
            return Err(format!(
                "`{}` has {places} places in {}: bring it up to date",
                mutant.name, mutant.file
            ));
        }
        fs::write(&path, sound.replace(mutant.find, mutant.replace)).map_err(io)?;
        let result = work(self).map_err(|error| format!("with `{}`: {error}", mutant.name));
        fs::write(&path, sound).map_err(io)?;
        // The next fault is not to be killed by what killed this one.
        for test in ["room_model", "client_model"] {
            let kept = self
                .copy
                .join("tests/tests")
                .join(format!("{test}.proptest-regressions"));
            let _none = fs::remove_file(kept);
        }
        result
    }

    /// Runs every check.
    pub(crate) fn check(&self) -> Result<Vec<Verdict>, String> {
        let mut build = self.cargo();
        build.args(["test", "--no-run", "--locked"]);
        for check in &CHECKS {
            build.args(check.arguments);
        }
        // Warnings may well be new ones: what is left unused is the fault.
        let built = build
            .stdout(Stdio::null())
            .output()
            .map_err(|error| format!("cannot run cargo: {error}"))?;
        if !built.status.success() {
            return Err(format!(
                "it does not compile:\n{}",
                String::from_utf8_lossy(&built.stderr)
            ));
        }
        CHECKS.iter().map(|check| self.run(check)).collect()
    }

    fn run(&self, check: &Check) -> Result<Verdict, String> {
        let log = self.copy.join("check.log");
        let file = fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let errors = file.try_clone().map_err(|error| error.to_string())?;
        let mut command = self.cargo();
        command
            .args(["test", "--locked", "--quiet"])
            .args(check.arguments);
        let mut child = command
            .stdout(file)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("cannot run cargo: {error}"))?;
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
                break status;
            }
            if begin.elapsed() > PATIENCE {
                // The test itself is a child of cargo's: end the whole group.
                let group = i32::try_from(child.id()).map_err(|error| error.to_string())?;
                let _gone = nix::sys::signal::killpg(
                    nix::unistd::Pid::from_raw(group),
                    nix::sys::signal::Signal::SIGKILL,
                );
                let _status = child.wait();
                return Ok(Verdict::Hung);
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        if status.success() {
            return Ok(Verdict::Passed);
        }
        let said = fs::read_to_string(&log).unwrap_or_default();
        if said.contains("panicked at") {
            return Ok(Verdict::Killed);
        }
        Err(format!(
            "{} failed without an assertion:\n{said}",
            check.title
        ))
    }

    fn cargo(&self) -> Command {
        use std::os::unix::process::CommandExt as _;
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(&self.copy)
            .stdin(Stdio::null())
            .process_group(0);
        cargo.env("CARGO_TARGET_DIR", self.copy.join("target"));
        // That it fails is all that counts: neither shrink the case nor keep it for the next fault.
        cargo
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            .env("RUST_BACKTRACE", "0");
        cargo.env_remove("CHAT_BINARY");
        cargo
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _left = fs::remove_dir_all(&self.copy);
    }
}
