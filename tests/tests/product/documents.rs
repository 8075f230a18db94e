//! What the documents tell people to type is what works: every command line in them is known to a test.

use std::fs;

use cell_tests::application::{Application, Purpose, repository};
use cell_tests::command::{Said, cell};

const DOCUMENTS: [&str; 7] = [
    "README.md",
    "docs/caches.md",
    "docs/data.md",
    "docs/deploy.md",
    "docs/migrations.md",
    "docs/reference.md",
    "docs/search.md",
];

/// The command lines of the documents, and who runs them.
const KNOWN: [(&str, &str); 21] = [
    ("cargo cell run --manifest-path examples/catalog/Cargo.toml", "`run`, on a copy of the example"),
    (".ci/test", "`.ci/run`"),
    ("curl 'http://127.0.0.1:41713/most-depended-on?limit=1'", "`run`, at another address"),
    ("curl 'http://127.0.0.1:41713/search?q=serialize+json&limit=1'", "`run`, at another address"),
    ("cargo cell daemon", "`deploy::guide`"),
    ("cargo cell node add one 127.0.0.1:7431 --region local", "`deploy::guide`"),
    ("cargo cell release", "`deploy::guide`"),
    ("cargo cell deploy --region local", "`deploy::guide`"),
    ("cargo cell deploy --region local --yes", "`deploy::guide`"),
    ("cargo cell status", "`deploy::guide`"),
    ("cargo cell logs --region local --follow", "`deploy::guide`"),
    ("cargo cell rollback --region local", "`deploy::guide`"),
    ("cargo cell daemon --state ~/staging --listen 127.0.0.1:7432", "`deploy::whole`, at other places"),
    (
        "cargo cell node add one 127.0.0.1:7432 --region local --http 127.0.0.1:8081 --env staging",
        "`deploy::whole`, at other places",
    ),
    ("cargo cell release && cargo cell deploy --region local --env staging", "`deploy::whole`, of other environments"),
    ("cargo cell migrate rebase", "`branches`"),
    ("cargo cell build", "`branches`"),
    ("cargo cell build --check", "`workflow`"),
    ("cargo cell plan --format markdown", "`workflow`"),
    ("cargo cell plan --region eu --format markdown", "`deploy::refused`, for another region"),
    ("cargo cell deploy --region eu --expect \"$PLAN\"", "`deploy::refused`, for another region"),
];

/// The command lines in the blocks of shell of a document, without their comments.
fn command_lines(document: &str) -> Vec<String> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in document.lines() {
        match line.strip_prefix("```") {
            Some(language) => inside = ["sh", "shell", "bash", "console"].contains(&language),
            None if inside => lines.push(line.split(" #").next().unwrap_or_default().trim().to_owned()),
            None => {}
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// What stands between single backquotes, `cargo cell …`, outside of blocks.
fn commands(document: &str) -> Vec<String> {
    let lines = document.lines().filter(|line| !line.starts_with("```"));
    let spans = lines.flat_map(|line| line.split('`').skip(1).step_by(2));
    spans.filter(|span| span.starts_with("cargo cell ")).map(str::to_owned).collect()
}

fn read(document: &str) -> String {
    fs::read_to_string(repository().join(document)).expect("a document")
}

#[test]
fn every_command_line_of_the_documents_is_run_by_a_test() {
    let lines: Vec<String> = DOCUMENTS.iter().flat_map(|document| command_lines(&read(document))).collect();
    for line in &lines {
        assert!(KNOWN.iter().any(|(known, _)| known == line), "`{line}` is in the documents, and nothing tests it");
    }
    for (known, _) in KNOWN {
        assert!(lines.iter().any(|line| line == known), "`{known}` is in none of the documents");
    }
    assert!(read(".ci/run").lines().any(|line| line == ".ci/test"), "`.ci/run` calls the test command");
}

#[test]
fn every_command_that_the_documents_name_is_one() {
    let mut named = 0;
    for command in DOCUMENTS.iter().flat_map(|document| commands(&read(document))) {
        // What stands for something else, or goes with it, is not the command's name.
        let words =
            command.split(' ').skip(2).take_while(|word| word.chars().all(|letter| letter.is_ascii_lowercase()));
        let words: Vec<&str> = words.collect();
        let said = Said::of(&mut cell(&[&words[..], &["--help"]].concat()));
        assert_eq!(said.code, Some(0), "`{command}`: {}", said.err);
        // Behind the command's name may stand an argument, such as a node's name.
        let usage = |length: usize| format!("Usage: cargo cell {} ", words[..length].join(" "));
        let known = (1..=words.len()).any(|length| said.out.contains(&usage(length)));
        assert!(known, "`{command}`: {}", said.out);
        named += 1;
    }
    assert!(named > 5, "the documents name commands");
}

#[test]
fn the_alias_runs_the_command_of_this_repository() {
    let config = read(".cargo/config.toml");
    let alias = config.lines().find_map(|line| line.strip_prefix("cell = \"run ")).expect("an alias");
    assert_eq!(alias, "--quiet --package cargo-cell --bin cargo-cell -- cell\"");
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(repository()).no_deps().exec().expect("packages");
    let package = metadata.packages.iter().find(|package| package.name.as_str() == "cargo-cell").expect("the package");
    assert!(package.targets.iter().any(|target| target.is_bin() && target.name == "cargo-cell"));
}

#[test]
fn the_readme_shows_the_files_that_a_build_makes() {
    let readme = read("README.md");
    let application = Application::example("readme", Purpose::Read);
    let shown = readme.lines().filter_map(|line| line.strip_prefix("cell/")?.split("  ").next());
    let names: Vec<&str> = shown.filter_map(|path| path.trim_end_matches('/').rsplit('/').next()).collect();
    assert!(names.len() > 3, "the README lists them");
    let emitted = application.emitted();
    for name in names.iter().filter(|name| !name.starts_with("0001_")) {
        assert!(emitted.keys().any(|path| path.rsplit('/').next() == Some(name)), "`{name}` is not emitted");
    }
}
