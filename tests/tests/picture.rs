//! The README shows pictures of what the program does.

use std::fs;
use std::path::Path;

use chat_tests::picture::{WIDTHS, path, take};

#[test]
fn the_pictures_show_what_the_program_does() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(project.join("README.md")).expect("the README");
    for columns in WIDTHS {
        let path = path(columns);
        assert!(readme.contains(&path), "the README does not show {path}");
        let kept = fs::read_to_string(project.join(&path))
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        let taken = take(columns);
        let differ = kept
            .lines()
            .zip(taken.lines())
            .find(|(kept, taken)| kept != taken);
        assert!(
            kept == taken,
            "{path} shows another thing than the program, first {differ:#?}\n\
             Look at what `cargo run -p chat-tests --bin screenshot -- --write` makes"
        );
    }
}
