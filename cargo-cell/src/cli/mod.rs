//! The command line. In: the process's arguments. Out: a [`Command`] and an [`Output`] that suits it, or clap's error.
//! Absent: doing anything.

mod options;
mod remote;
mod search;
mod unavailable;

use std::ffi::OsString;

use cell_codegen::topology;
use clap::error::ErrorKind;
use clap::{ColorChoice, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

pub(crate) use options::{Application, Color, Compile, MessageFormat};
pub(crate) use remote::{Consent, Daemon, DaemonAction, Deploy, Logs, Node, NodeAction, NodeAdd, Rollback, Status};
pub(crate) use search::{Search, SearchAction};

use crate::output::Output;
use options::Global;

/// Build-time infrastructure for Rust: databases, migrations and services from structs and functions
#[derive(Debug, Parser)]
#[command(name = "cargo cell", bin_name = "cargo cell", version, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = AFTER_HELP)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0    done
  1    diagnostics: something is wrong with the sources, the build or a database
  2    wrong usage
  3    something committed is out of date, or something is not applied
  4    a hazard was refused
  101  a bug in Cell

Example:
  cargo cell run --manifest-path examples/catalog/Cargo.toml";

/// What is asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check the declarations, without building or writing anything
    ///
    /// Reads the sources of the application and of its path dependencies, checks every declaration and plans the
    /// migrations. Nothing is compiled, rehearsed or written.
    #[command(after_help = "Example:\n  cargo cell check -p shop")]
    Check(Compile),
    /// Build the application and everything under `cell/`
    ///
    /// Checks the sources, rehearses the migrations on throwaway databases with rows in every table, runs `cargo build`,
    /// compares the program with the sources, and then writes all files under `cell/`, or none.
    #[command(
        after_help = "Examples:\n  cargo cell build\n  cargo cell build --check     in CI: exits 3 where `cell/` is out of date"
    )]
    Build(Build),
    /// Build, migrate the local databases and start the application
    ///
    /// The databases are those of this machine: SQLite files in the folder `.cell/`, or the server that the declared
    /// environment variable names. Ctrl-C lets the application end within 10 seconds; a second one ends it at once.
    #[command(
        after_help = "Examples:\n  cargo cell run               every cell, in one process\n  cargo cell run orders tax    only these cells"
    )]
    Run(Run),
    /// Look at a live database, bring it up to date, or compare it with its migrations
    #[command(after_help = "Example:\n  cargo cell migrate status --database shop")]
    Migrate(Migrate),
    /// Look after the search indexes: how they stand, whether they are as their tables, build them anew
    Search(Search),
    /// Seal the open migrations and the interfaces as the next release
    ///
    /// Does all that `build` does, and then seals: the migrations that there are never change again, and what changes
    /// later is compared with `cell/released.json`. Where nothing has changed since, the release keeps its number.
    #[command(after_help = "Example:\n  cargo cell release     then commit `cell/`")]
    Release(Compile),
    /// Show what differs from the last release
    ///
    /// Compares the sources with `cell/released.json`: migrations that are not released, calls, cells and processes, and
    /// whether `cell/` is up to date. Nothing is compiled or written. Exits 3 where anything differs.
    #[command(
        after_help = "Examples:\n  cargo cell plan\n  cargo cell plan --format markdown     for the summary of a CI job"
    )]
    Plan(Plan),
    /// Deploy the release to the nodes of a region
    ///
    /// Builds the bundle, asks the nodes what they have, shows the plan and asks. Then sends what is missing, migrates,
    /// starts the new processes beside those that run, and switches once they are ready. Where anything fails before that,
    /// what ran before runs on.
    #[command(
        after_help = "Examples:\n  cargo cell deploy --region local\n  cargo cell deploy --region local --yes     in CI"
    )]
    Deploy(Deploy),
    /// Go back to a release that the nodes of a region have kept
    #[command(after_help = "Example:\n  cargo cell rollback --region local --to 3")]
    Rollback(Rollback),
    /// Show what runs on the nodes
    #[command(after_help = "Example:\n  cargo cell status --region local")]
    Status(Status),
    /// Show what the processes of a region wrote
    #[command(after_help = "Example:\n  cargo cell logs --region local --follow")]
    Logs(Logs),
    /// Change or list the nodes of the topology
    Node(Node),
    /// Run this machine as a node
    ///
    /// Keeps applications running, and takes orders from clients whose keys it knows. The first client becomes known by the
    /// code that is shown. SIGTERM ends the daemon and leaves the applications running, for the next daemon with the same
    /// state folder; Ctrl-C ends them, too.
    #[command(after_help = "Example:\n  cargo cell daemon --state ./node")]
    Daemon(Daemon),
    /// Explain a diagnostic's code, with a wrong and a right example
    ///
    /// Without a code, lists them all.
    #[command(after_help = "Example:\n  cargo cell explain table-without-key")]
    Explain {
        /// The code, as it stands in brackets in a diagnostic
        code: Option<String>,
    },
    /// Runs a program as `run` runs an application. Internal.
    #[command(name = "__supervise", hide = true)]
    Supervise(Supervise),
    /// Watches over a program for `supervise`. Internal.
    #[command(name = "__keep", hide = true)]
    Keep(Supervise),
}

/// Arguments of `build`.
#[derive(Debug, clap::Args)]
pub(crate) struct Build {
    /// Write nothing, and exit 3 where a file under `cell/` is out of date
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) compile: Compile,
}

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// The cells to start; all where none is named
    #[arg(value_name = "CELL")]
    pub(crate) cells: Vec<String>,
    #[command(flatten)]
    pub(crate) compile: Compile,
}

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct Plan {
    /// Ask the nodes of this region, and show what a deploy would change there
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// How the plan is written; as `--message-format` says where this is not given
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<PlanFormat>,
    #[command(flatten)]
    pub(crate) compile: Compile,
}

/// How a plan is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// Text for people.
    Human,
    /// A JSON object.
    Json,
    /// Markdown, for a pull request's comment or a job's summary.
    Markdown,
}

/// Arguments of `migrate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Migrate {
    #[command(subcommand)]
    pub(crate) action: Action,
}

/// What `migrate` does.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Show which migrations a database has, and which it lacks
    ///
    /// Exits 3 where something is not applied.
    #[command(after_help = "Example:\n  cargo cell migrate status --message-format json")]
    Status(OneDatabase),
    /// Apply what a database lacks, one journaled step after the other
    ///
    /// Safe to run again after any interruption: it goes on where it stopped. One applier at a time.
    #[command(after_help = "Example:\n  cargo cell migrate apply --dry-run     shows the SQL and runs nothing")]
    Apply {
        /// Show the steps with their SQL, and run nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        database: OneDatabase,
    },
    /// Adopt a database that others have made
    ///
    /// Shows how it differs from the model, and with `--yes` brings it there where nothing can be lost and writes its journal.
    #[command(after_help = "Example:\n  cargo cell migrate baseline --yes")]
    Baseline {
        /// Do it; without, what would be done is shown
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        database: OneDatabase,
    },
    /// Run what waits until no earlier release runs
    ///
    /// Exits 1 where an earlier release still runs somewhere, and says what waits.
    #[command(after_help = "Example:\n  cargo cell migrate contract")]
    Contract(OneDatabase),
    /// Put one migration in place of all that releases have sealed
    ///
    /// Databases that have all of them go on as they are. Commit what is written.
    #[command(after_help = "Example:\n  cargo cell migrate squash")]
    Squash(OneDatabase),
    /// Put what is open behind what is sealed, where two branches that both added migrations are merged
    ///
    /// Works on the files as the merge leaves them, marks of conflicts and all; then `cargo cell build` writes the open migration.
    #[command(after_help = "Example:\n  git merge main; cargo cell migrate rebase; cargo cell build")]
    Rebase {
        /// The last migration of the branch whose sealed ones stay, where both sealed some
        #[arg(long, value_name = "MIGRATION")]
        keep: Option<String>,
        #[command(flatten)]
        database: OneDatabase,
    },
    /// Print the SQL that undoes the newest migration without loss, or why there is none
    #[command(after_help = "Example:\n  cargo cell migrate reverse > down.sql")]
    Reverse(OneDatabase),
    /// Move all rows into an empty database, of the other engine or of the same, and compare both
    ///
    /// Stop what writes to the database first. A copy that is stopped goes on where it was when it is run again.
    #[command(after_help = "Example:\n  cargo cell migrate copy --to postgres://shop@localhost/shop")]
    Copy {
        /// The database to fill: `sqlite:PATH` or `postgres://USER@HOST/DATABASE`
        #[arg(long, value_name = "URL", env = "CELL_COPY_TO", hide_env_values = true)]
        to: String,
        #[command(flatten)]
        database: OneDatabase,
    },
    /// Compare a database with what its migrations say it is
    ///
    /// Exits 3 where it differs (drift).
    #[command(after_help = "Example:\n  cargo cell migrate verify --database shop")]
    Verify(OneDatabase),
}

impl Action {
    /// What it works on.
    pub(crate) fn database(&self) -> &OneDatabase {
        match self {
            Self::Status(one) | Self::Verify(one) | Self::Contract(one) | Self::Reverse(one) | Self::Squash(one) => one,
            Self::Apply { database, .. }
            | Self::Baseline { database, .. }
            | Self::Copy { database, .. }
            | Self::Rebase { database, .. } => database,
        }
    }

    fn database_mut(&mut self) -> &mut OneDatabase {
        match self {
            Self::Status(one) | Self::Verify(one) | Self::Contract(one) | Self::Reverse(one) | Self::Squash(one) => one,
            Self::Apply { database, .. }
            | Self::Baseline { database, .. }
            | Self::Copy { database, .. }
            | Self::Rebase { database, .. } => database,
        }
    }
}

/// Which database of which application.
#[derive(Debug, clap::Args)]
pub(crate) struct OneDatabase {
    /// The database, where the application has several
    #[arg(long, value_name = "NAME")]
    pub(crate) database: Option<String>,
    #[command(flatten)]
    pub(crate) compile: Compile,
}

/// A program to supervise.
#[derive(Debug, clap::Args)]
pub(crate) struct Supervise {
    /// How long the program has to end, in milliseconds
    #[arg(long, default_value_t = 10_000)]
    pub(crate) grace: u64,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    pub(crate) program: Vec<OsString>,
}

/// A command, and where its words go.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) command: Command,
    pub(crate) output: Output,
}

/// Reads arguments, of which the first is the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Parsed, clap::Error> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    // Cargo runs `cargo-cell cell …` for `cargo cell …`.
    if arguments.get(1).is_some_and(|first| first == "cell") {
        arguments.remove(1);
    }
    let mut clap = Arguments::command().color(match Color::of_arguments(&arguments) {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    });
    let mut matches = match clap.clone().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return Err(unavailable::error(&mut clap, error)),
    };
    let Arguments { global, command } =
        Arguments::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut clap))?;
    if let Some(environment) = global.env.as_ref().filter(|environment| !topology::is_environment(environment)) {
        let message = format!("`{environment}` names no environment: use lower case letters, digits, `-` and `_`");
        return Err(clap.error(ErrorKind::InvalidValue, message));
    }
    let format = match (&command, global.message_format) {
        // What is asked for is one JSON object: then everything is.
        (Command::Plan(Plan { format: Some(PlanFormat::Json), .. }), _) => MessageFormat::Json,
        (Command::Plan(Plan { format: Some(_), .. }), MessageFormat::Json) => {
            let message = "`--message-format json` and another `--format` contradict each other";
            return Err(clap.error(ErrorKind::ArgumentConflict, message));
        }
        (_, format) => format,
    };
    let output = Output::new(format, global.color, global.quiet);
    Ok(Parsed { command: command.of(&global), output })
}

impl Command {
    /// The command with the global options that choose an application in the place where commands look for them.
    fn of(mut self, global: &Global) -> Self {
        let application = match &mut self {
            Self::Check(compile) | Self::Release(compile) => &mut compile.application,
            Self::Plan(plan) => &mut plan.compile.application,
            Self::Build(build) => &mut build.compile.application,
            Self::Run(run) => &mut run.compile.application,
            Self::Migrate(migrate) => &mut migrate.action.database_mut().compile.application,
            Self::Search(search) => &mut search.action.indexes_mut().compile.application,
            Self::Deploy(deploy) => &mut deploy.compile.application,
            Self::Rollback(rollback) => &mut rollback.application,
            Self::Status(status) => &mut status.application,
            Self::Logs(logs) => &mut logs.application,
            Self::Node(node) => &mut node.application,
            Self::Explain { .. } | Self::Daemon(_) | Self::Supervise(_) | Self::Keep(_) => return self,
        };
        *application = Application {
            manifest_path: global.manifest_path.clone(),
            package: global.package.clone(),
            environment: global.env.clone(),
        };
        self
    }
}
