//! Two branches that both change the schema, merged by git: one is released while the other is developed on.

use std::path::Path;
use std::process::Command;

use cell_tests::application::{Application, Purpose};
use cell_tests::command::Said;

/// A repository of a copy, with its own folder elsewhere, so that nothing but the copy's files lies in the copy.
struct Git<'a> {
    folder: &'a Path,
    repository: tempfile::TempDir,
}

impl<'a> Git<'a> {
    fn new(folder: &'a Path) -> Self {
        let git = Self { folder, repository: tempfile::tempdir().expect("a folder") };
        git.succeed(&["init", "--quiet", "--initial-branch", "main"]);
        git.commit("Begin");
        git
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=Someone", "-c", "user.email=someone@example.com", "-c", "core.autocrlf=false"]);
        command.args(arguments).current_dir(self.folder);
        Said::of(self.at(&mut command))
    }

    /// A command that finds this repository.
    fn at<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("GIT_DIR", self.repository.path().join("git")).env("GIT_WORK_TREE", self.folder)
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}{}", said.out, said.err);
        said.out
    }

    fn commit(&self, message: &str) {
        self.succeed(&["add", "--all"]);
        self.succeed(&["commit", "--quiet", "--message", message]);
    }
}

#[test]
fn a_branch_comes_behind_what_was_released_meanwhile() {
    let application = Application::example("branches", Purpose::Build);
    application.write(".gitignore", ".cell/\ntarget/\n");
    let git = Git::new(application.folder());

    // A branch has an index of its own, on a database of its developer's.
    git.succeed(&["switch", "--quiet", "--create", "mine"]);
    application.replace("src/registry.rs", "    pub license:", "    #[index]\n    pub license:");
    application.succeed(&["build"]);
    application.succeed(&["migrate", "apply"]);
    git.commit("Find crates by licence");

    // Meanwhile another change is released.
    git.succeed(&["switch", "--quiet", "main"]);
    application.replace("src/registry.rs", "    pub rust_version:", "    #[index]\n    pub rust_version:");
    application.succeed(&["release"]);
    git.commit("Find versions by their Rust");

    git.succeed(&["switch", "--quiet", "mine"]);
    let merge = git.run(&["merge", "--quiet", "main"]);
    assert!(merge.out.contains("Merge conflict in cell/registry/chain"), "{}{}", merge.out, merge.err);
    let build = application.run(&["build"]);
    assert_eq!(build.code, Some(1), "{}", build.err);
    assert!(build.err.contains("`cargo cell migrate rebase` puts one after the other"), "{}", build.err);

    let rebased = Said::of(git.at(&mut application.cell(&["migrate", "rebase"])));
    assert_eq!(rebased.code, Some(0), "{}", rebased.err);
    assert!(
        rebased.out.contains("writes what is open behind 0005_create_readmes_and_"),
        "{}{}",
        rebased.out,
        rebased.err
    );
    application.succeed(&["build"]);
    for (path, bytes) in application.emitted() {
        assert!(!String::from_utf8_lossy(&bytes).contains("<<<<<<<"), "{path} has marks of a conflict");
    }
    let chain = std::fs::read_to_string(application.path("cell/registry/chain")).expect("the chain");
    let names: Vec<&str> = chain.lines().skip(4).filter_map(|line| line.split(' ').next()).collect();
    assert!(
        matches!(names[..], [behind, "0006_index_crates"] if behind.starts_with("0005_create_readmes_and_")),
        "{names:?}"
    );
    git.commit("Merge what was released");

    // The developer's database has the branch's draft; it goes on from there.
    application.succeed(&["migrate", "apply"]);
    application.succeed(&["migrate", "verify"]);
    application.succeed(&["build", "--check"]);
    assert_eq!(
        application.succeed(&["migrate", "rebase"]).out.trim(),
        "Unchanged registry: its migrations are in order"
    );
}
